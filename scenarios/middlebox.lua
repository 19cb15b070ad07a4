-- SPDX-License-Identifier: BSD-2-Clause
-- Middleboxes: what speaks for a device on the path that answers, drops or changes segments
-- (M1 .. M9).
--
-- PATH only where there is evidence: another TTL within one connection, an answer that the server
-- cannot have given, a segment never answered while its neighbours are. Else PASS: nothing speaks
-- for a device, though there may be one.

local MSS = "\2\4\5\180" -- 1460

local function sender_of(answer)
  return name_of(answer) .. (answer and answer.icmp and " from " .. answer.icmp.from or "")
end

-- A keepalive-style question, from just before what is not acknowledged, and what it meets.
local function question(c)
  return c:ask { flags = ".", seq = c.snd_una - 1, count = false,
                 want = { flags = { ".", "R", "R." } } }
end

-- Something of ours is not acknowledged, but the connection is known there. By a host that still is
-- in SYN-RECEIVED, as its queue is full? It repeats the SYN-ACK for a repeated SYN.
local function still_half_open(c)
  local answer = c:ask { flags = "S", seq = 0, count = false, want = { flags = { "S.", "." } } }
  return answer ~= nil and has(answer, "S")
end

-- M1 ------------------------------------------------------------------------------------------

-- A segment of c that came from another distance than its SYN-ACK; or nil.
local function from_elsewhere(c)
  return c:seen { where = function(s)
    if s.icmp then return false end
    if has(s, "R") then return hops(s.ttl) ~= hops(c.synack.ttl) end
    return s.ttl ~= c.synack.ttl
  end }[1]
end

scenario {
  id = "M1",
  title = "one and the same host answers the SYN and what follows",
  rfc = "RFC 9293 3.5",
  level = "INFO",
  sends = "three connections: a keepalive-style question, the request if there is one",
  takes = 20, profile = "default", after = "all",
  run = function()
    local at_syn, later, ttl = math.huge, math.huge, nil
    for _ = 1, 3 do
      local c = open()
      at_syn = math.min(at_syn, c.rtt or math.huge)
      local answer, tries = question(c)
      if answer and tries == 1 then later = math.min(later, answer.dt) end
      if service.request then c:request() end
      local other = from_elsewhere(c)
      if other then
        path("TTL " .. c.synack.ttl .. " in the SYN-ACK, " .. other.ttl .. " in " .. other.flags)
      end
      ttl = c.synack.ttl
      c:abort()
    end
    local said = "TTL " .. ttl
    if at_syn == math.huge or later == math.huge then
      inconclusive(said .. "; no round trip to compare: too much was lost")
    end
    said = said .. "; round trip of SYN " .. ms(at_syn) .. ", later " .. ms(later)
    if later >= 3 * at_syn and later - at_syn > 0.005 then path(said) end
    pass(said)
  end,
}

-- M2 ------------------------------------------------------------------------------------------

scenario {
  id = "M2",
  title = "no SYN proxy: the SYN-ACK offers a window, and nothing is made up for afterwards",
  rfc = "RFC 4987 3.7",
  level = "INFO",
  sends = "a handshake, then nothing",
  takes = 10, profile = "default", after = "all",
  run = function()
    local c = open()
    local zero = c.synack.wnd == 0
    local said = "window " .. c.synack.wnd .. " in the SYN-ACK"
    if found("cookies") then said = said .. ", a cookie" end
    local update = c:expect { flags = ".", len = 0 }
    if not update then
      if zero then warn(said .. ", and it never opens") end
      pass(said .. ", no update after our ACK")
    end
    said = said .. ", then " .. update.wnd .. "; TTL " .. c.synack.ttl .. " and " .. update.ttl
    if zero or update.ttl ~= c.synack.ttl then path(said .. ": a SYN proxy") end
    pass(said)
  end,
}

-- M3 ------------------------------------------------------------------------------------------

scenario {
  id = "M3",
  title = "who accepts a connection serves it: no FIN or RST instead of an answer, after a timeout",
  rfc = "RFC 9293 3.6",
  level = "INFO",
  sends = "a request on two connections",
  takes = 25, profile = "default", after = "all", needs = "request",
  run = function()
    local connections, ends = { fresh(), fresh() }, {}
    for _, c in ipairs(connections) do c:write(service.request) end
    for n, c in ipairs(connections) do
      local s = c:expect { within = math.max(1, 18 - t.now), where = function(s)
        return not s.icmp and (s.len > 0 or has(s, "F") or has(s, "R")) end }
      local arrived = c.snd_una == c.snd_nxt
      if not s then
        (arrived and skip or inconclusive)("neither answer nor end within 16 s"
          .. (arrived and ", though the request arrived" or ""))
      end
      if c.received > 0 then pass("answered after " .. ms(s.dt)) end
      ends[n] = s
    end
    local first, second = ends[1].time, ends[2].time
    local said = string.format("no answer, but %s and %s after %.2f and %.2f s",
                               ends[1].flags, ends[2].flags, first, second)
    if first < 0.9 or second < 0.9 then app(said) end
    if math.abs(first - second) > 0.1 * first then app(said .. ": not a fixed time") end
    path(said .. ": as a load balancer does that reaches no server")
  end,
}

-- M4 ------------------------------------------------------------------------------------------

-- SYNs to some ports, all together; returns the answers by port.
local function ask_ports(ports)
  local connections, answers = {}, {}
  for _, port in ipairs(ports) do connections[port] = fresh { syn = false, dport = port } end
  for _ = 1, 4 do
    for port, c in pairs(connections) do
      if not answers[port] then c:send { flags = "S", seq = 0 } end
    end
    wait(math.max(0.3, 2 * (t.rtt or 0)))
    for port, c in pairs(connections) do answers[port] = answers[port] or c:seen()[1] end
  end
  for _, c in pairs(connections) do c:abort() end
  return answers
end

local function random_ports() -- below those that our own end uses, and services rarely
  local ports = {}
  for n = 1, 3 do ports[n] = math.random(20000 + 4000 * n, 20000 + 4000 * n + 3999) end
  return ports
end

-- What data meets at a port where nothing should listen.
local function at_data(port)
  local c, outcome = fresh { dport = port, try = true }
  if not c then return outcome end
  c:write("\r\n\r\n")
  local s = c:expect { within = 3, where = function(s)
    return not s.icmp and (s.len > 0 or has(s, "R") or (s.ack or 0) > 1) end }
  if not s then return "mute: never acknowledged" end
  return has(s, "R") and "reset" or s.len > 0 and "answered" or "acknowledged"
end

scenario {
  id = "M4",
  title = "random high ports are not all open",
  rfc = "RFC 9293 3.10.7.1",
  level = "INFO",
  sends = "SYNs to three random high ports; data if all are open",
  takes = 15, profile = "default", after = "all",
  run = function()
    local ports, open_ports, said = random_ports(), 0, ""
    local answers = ask_ports(ports)
    for _, port in ipairs(ports) do
      if is_synack(answers[port]) then open_ports = open_ports + 1 end
      said = said .. (said == "" and "" or ", ") .. port .. ": " .. sender_of(answers[port])
    end
    note("wildcard", open_ports == #ports)
    if open_ports < #ports then pass(said) end
    path(said .. ": wildcard; data at " .. ports[1] .. ": " .. at_data(ports[1]))
  end,
}

-- M5 ------------------------------------------------------------------------------------------

scenario {
  id = "M5",
  title = "the first data passes: it is acknowledged, and nobody else resets the connection for it",
  rfc = "RFC 9293 3.8",
  level = "INFO",
  sends = "a keepalive-style question, data, the question again",
  takes = 20, profile = "default", after = "all",
  run = function()
    local c = open()
    local before = question(c)
    if not before then inconclusive("no ACK even before data") end
    if has(before, "R") then app("reset before any data") end
    local data = service.request or "\r\n"
    local upto = c.snd_nxt + #data
    c:write(data)
    local answer = c:expect { within = 6, where = function(s)
      return s.icmp or has(s, "R") or (s.ack or 0) >= upto end }
    if not answer then
      local later = question(c)
      if not later or has(later, "R") then inconclusive("no ACK of data; " .. sender_of(later)) end
      if still_half_open(c) then inconclusive("no ACK of data: still in SYN-RECEIVED, not accepted") end
      path(#data .. " octets are never acknowledged, a keepalive-style question always is")
    end
    if answer.icmp then path("the first data meets " .. sender_of(answer)) end
    if not has(answer, "R") then
      pass(#data .. " octets acknowledged after " .. ms(answer.dt))
    end
    local said = "RST at the first data, TTL " .. answer.ttl .. "; of the SYN-ACK " .. c.synack.ttl
    if hops(answer.ttl) ~= hops(c.synack.ttl) then path(said) end
    app(said)
  end,
}

-- M6 ------------------------------------------------------------------------------------------

-- What the server does as if it had agreed to what its SYN-ACK lacks: then the option was in it
-- when it left. Nil where nothing tells.
local function tell(c)
  local agreed, answer = c.synack.options, question(c)
  if not agreed.ts_val then
    local without = syn { options = MSS .. "\1\1\4\2\1\3\3\7" }
    if is_synack(without) and not without.options.ts_val and without.wnd ~= c.synack.wnd then
      return "no timestamps, but a SYN with them meets window " .. c.synack.wnd .. ", one without "
        .. without.wnd
    end
    if answer and answer.options.ts_val then return "timestamps, but not in the SYN-ACK" end
  end
  if not answer then return nil end
  if not agreed.wscale and answer.wnd * 16 < c.synack.wnd then
    return "no window scale, but window " .. c.synack.wnd .. " becomes " .. answer.wnd
  end
  if not agreed.sack and c:ask { flags = "P.", seq = c.snd_nxt + 10, data = "beyond", tries = 3,
      want = { where = function(s) return s.options and s.options.blocks end } } then
    return "no SACK-permitted, but SACK blocks for data beyond a gap"
  end
end

-- Segments that were cut from a long answer have the same length: which? Options are part of it.
local function cut_length(c)
  if not service.request then return nil end
  c:write(service.name == "echo" and ("e"):rep(10000) or service.request)
  c:answer { settle = 0.3 }
  local times = {}
  for _, s in ipairs(c:seen { data = true }) do
    if s.checksum ~= "partial" and not has(s, "P") then
      local length = s.len + (s.options.ts_val and 12 or 0)
      times[length] = (times[length] or 0) + 1
      if times[length] == 3 then return length end
    end
  end
end

scenario {
  id = "M6",
  title = "options arrive as they were sent",
  rfc = "RFC 9293 3.1; RFC 7323 2.5, 3.2; RFC 2018 2",
  level = "INFO",
  sends = "SYN with MSS, SACK-permitted, timestamps, window scale; data beyond a gap; a request",
  takes = 20, profile = "default", after = "all",
  run = function()
    local c = open()
    local agreed, missing = c.synack.options, ""
    for key, name in pairs { mss = "MSS", sack = "SACK-permitted", ts_val = "timestamps",
                             wscale = "window scale" } do
      if not agreed[key] then missing = missing .. ", " .. name end
    end
    local why = missing ~= "" and tell(c)
    if why then path(why) end
    c:abort()
    local said = missing == "" and "all that was offered is in the SYN-ACK"
      or "not in the SYN-ACK: " .. missing:sub(3) .. "; nothing says that it was taken out"
    c = open()
    local length, theirs = cut_length(c), agreed.mss or 536
    if not length then pass(said) end
    said = said .. "; MSS " .. theirs .. " in the SYN-ACK, segments of " .. length
    if length > theirs then path(said .. ": that MSS was lowered on its way") end
    pass(said)
  end,
}

-- M7 ------------------------------------------------------------------------------------------

scenario {
  id = "M7",
  title = "ECN and reserved bits in a SYN are not filtered",
  rfc = "RFC 3168 6.1.1.1; RFC 9768 3.1.4; RFC 9293 3.1",
  level = "INFO",
  sends = "SYNs with ECE and CWR, AE too, reserved bits, unless others have done so; a plain one",
  takes = 20, profile = "default", after = "all",
  run = function()
    local said, filtered = "", false
    for _, kind in ipairs { { "ECE, CWR", "ecn_syn", { flags = "SEW" } },
                            { "AE, ECE, CWR", "accecn_syn", { flags = "SEWA" } },
                            { "reserved bits", "reserved_syn", { reserved = 7 } } } do
      local name, key, what = table.unpack(kind)
      local met = found(key)
      if met ~= "SYN-ACK" then met = sender_of(syn(what)) end
      said = said .. (said == "" and "" or "; ") .. name .. ": " .. met
      if met ~= "SYN-ACK" then filtered = true end
    end
    if not filtered then pass(said) end
    local plain = syn {}
    if not is_synack(plain) then inconclusive(said .. "; no such bits: " .. sender_of(plain)) end
    path(said .. "; no such bits: SYN-ACK")
  end,
}

-- M8 ------------------------------------------------------------------------------------------

scenario {
  id = "M8",
  title = "closed ports are refused by the host itself",
  rfc = "RFC 9293 3.10.7.1; RFC 1812 5.2.7.1; RFC 4443 3.1",
  level = "INFO",
  sends = "SYNs to three random high ports; one to the open port",
  takes = 15, profile = "default", after = "all",
  run = function()
    local plain = syn {}
    if not is_synack(plain) then inconclusive("a plain SYN meets " .. sender_of(plain)) end
    local silent, last = 0, nil
    for port, answer in pairs(ask_ports(random_ports())) do
      last = answer
      local said = "port " .. port .. " meets " .. sender_of(answer)
      if answer.icmp then path(said) end
      if has(answer, "R") and hops(answer.ttl) ~= hops(plain.ttl) then
        path(said .. " with TTL " .. answer.ttl .. ", the SYN-ACK has " .. plain.ttl)
      end
    end
    if not last then pass("silence at random ports: dropped, nobody says by whom") end
    pass("RST with TTL " .. last.ttl .. ", SYN-ACK with " .. plain.ttl)
  end,
}

-- M9 ------------------------------------------------------------------------------------------

scenario {
  id = "M9",
  title = "a FIN passes as data does, and a connection outlives five idle minutes",
  rfc = "RFC 9293 3.6; RFC 5382 REQ-5",
  level = "INFO",
  sends = "a request, a FIN; on another connection nothing for 300 s, then a question",
  takes = 340, profile = "full",
  run = function()
    local idle = open()
    local c = fresh()
    if service.request then c:request() end
    local upto = c.snd_nxt + 1
    c:fin()
    local acked = c:expect { within = 6, where = function(s)
      return not s.icmp and (has(s, "R") or (s.ack or 0) >= upto) end }
    if not acked then
      local later = question(c)
      if not later or has(later, "R") then inconclusive("no ACK of a FIN; " .. sender_of(later)) end
      if still_half_open(c) then inconclusive("no ACK of a FIN: still in SYN-RECEIVED, not accepted") end
      path("a FIN is never acknowledged, a keepalive-style question is")
    end
    wait(300)
    local said = "the FIN meets " .. acked.flags
    if idle.peer_fin or idle.reset then pass(said .. "; closed before 300 s are over") end
    local later = question(idle)
    said = said .. "; after 300 s: " .. sender_of(later)
    if not later and control() then path(said .. ": a device forgot the connection") end
    if not later then inconclusive(said .. ", and a plain handshake does not work either") end
    if not has(later, "R") then pass(said) end
    said = said .. " with TTL " .. later.ttl .. ", the SYN-ACK had " .. idle.synack.ttl
    if hops(later.ttl) ~= hops(idle.synack.ttl) then path(said) end
    app(said)
  end,
}
