-- SPDX-License-Identifier: BSD-2-Clause
-- What several scenarios do alike, on top of the words of common.lua. Loaded before each scenario
-- file, users' own too.

function ms(seconds)
  return string.format(seconds < 0.001 and "%.2f ms" or "%.1f ms", 1000 * seconds)
end

-- The handshake by hand -----------------------------------------------------------------------

-- SYN and SYN-ACK, on a connection without a machine; the SYN-ACK, and the connection.
function half_open()
  local c = open { syn = false }
  local synack = ask { flags = "S", seq = 0, want = { flags = "S.", ack = 1 } }
  return synack or inconclusive("no SYN-ACK in 5 tries"), c
end

-- One SYN, sent again while nothing answers, then on a second connection: one silence proves
-- nothing. Returns what answered (a segment or an ICMP error) and the connection; or nil.
function syn(what, port)
  local question = { flags = "S", tries = 4, want = {} }
  for key, value in pairs(what) do question[key] = value end
  for _ = 1, 2 do
    local c = fresh { syn = false, dport = port }
    local answer = c:ask(question)
    if answer then return answer, c end
    c:abort()
  end
end

function is_synack(answer)
  return answer ~= nil and not answer.icmp and has(answer, "S") and has(answer, ".")
end

function name_of(answer)
  if not answer then return "silence" end
  if answer.icmp then return "ICMP " .. answer.icmp.type .. "/" .. answer.icmp.code end
  if is_synack(answer) then return "SYN-ACK" end
  return has(answer, "R") and "RST" or answer.flags == "." and "ACK" or "segment " .. answer.flags
end

-- How many hops away: stacks begin with one of these.
function hops(ttl)
  for _, initial in ipairs { 32, 64, 128, 255 } do
    if ttl <= initial then return initial - ttl end
  end
end

-- An odd SYN did not get a SYN-ACK: who is it that does not like it? An ICMP error, or a RST from
-- elsewhere than the SYN-ACK, is a device's. What is silent at a closed port, too, dropped it
-- before the port was looked at. Otherwise it is the server's doing: verdict(...).
function blame(verdict, name, odd, answer)
  local plain, c = syn {}
  if not is_synack(plain) then inconclusive("a plain SYN meets " .. name_of(plain) .. ", too") end
  c:abort()
  local said = name .. " meets " .. name_of(answer) .. ", a plain SYN a SYN-ACK"
  if answer and answer.icmp then path(said .. ", from " .. answer.icmp.from) end
  if answer and hops(answer.ttl) ~= hops(plain.ttl) then
    path(said .. "; TTL " .. answer.ttl .. " instead of " .. plain.ttl)
  end
  if not answer then
    local port = closed_port()
    if not port then verdict(said .. "; no closed port shows whether a device drops it") end
    if not syn(odd, port) then path(said .. "; so does the closed port " .. port) end
    said = said .. "; the closed port " .. port .. " answers it"
  end
  verdict(said)
end

-- The SYN-ACK to a SYN which must have one, whatever is odd about it.
function accepted(name, odd)
  local answer, c = syn(odd)
  if not is_synack(answer) then blame(fail, name, odd, answer) end
  c:abort()
  return answer
end

-- Before and after a FIN ----------------------------------------------------------------------

-- Seconds within which an application should have closed after our FIN; with --quick, which is to
-- be over soon, nothing is said of what comes later.
APP_S = t.quick and 3 or 10

-- A connection on which the server has said what it says unasked.
function ready(options)
  local c = open(options)
  if service.greeting and c.received == 0 then c:answer { within = 3 } end
  c:collect(0.2)
  if c.reset then app("server-reset: its RST came before our FIN") end
  if c.peer_fin then inconclusive("server-first: its FIN came before ours") end
  return c
end

-- Does a segment answer our FIN, which has this number?
function answers_fin(at)
  return function(s) return has(s, "R") or s.ack ~= nil and s.ack > at end
end
