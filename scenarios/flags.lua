-- SPDX-License-Identifier: BSD-2-Clause
-- One segment without a connection, to a port that listens and to one where nothing does
-- (RFC 9293 3.10.7.2 and 3.10.7.1). Each row is a scenario: what is sent, what is due from
-- either port, and which other answers are less than a fault.

local ACK = 4711 -- SEG.ACK of the probes that have one

-- What may come, in words, and how it is judged where something else is due. What is not here
-- is a fail. Silence where an answer is due: something drops what it finds odd, on the path or
-- in the host; nobody can tell from here. A port that is found out by a RST is no security
-- hole, but the RFC says to drop the segment.
local OTHERWISE = {
  ["SYN-ACK"] = { nothing = "path", ICMP = "path" },
  ["RST at SEG.ACK"] = { nothing = "path", ICMP = "path", ["RST,ACK at SEG.ACK"] = "warn" },
  ["RST,ACK at 0"] = { nothing = "path", ICMP = "path" },
  nothing = { ICMP = "path", ["RST,ACK at 0"] = "warn", ["RST,ACK with seq not 0"] = "warn",
    ["RST without ACK"] = "warn" },
}

local ROWS = {
  { id = "F1", flags = { "S" }, open = "SYN-ACK", closed = "RST,ACK at 0", profile = "quick",
    title = "SYN: SYN-ACK from a listener, RST,ACK from a closed port" },
  { id = "F2", flags = { "." }, open = "RST at SEG.ACK", closed = "RST at SEG.ACK",
    profile = "quick", title = "ACK without a connection: RST with seq = SEG.ACK" },
  { id = "F3", flags = { "S." }, open = "RST at SEG.ACK", closed = "RST at SEG.ACK",
    title = "SYN,ACK that answers nothing: RST with seq = SEG.ACK" },
  { id = "F4", flags = { "F" }, open = "nothing", closed = "RST,ACK at 0",
    title = "FIN alone: dropped by a listener, RST,ACK from a closed port" },
  { id = "F5", flags = { "-" }, open = "nothing", closed = "RST,ACK at 0",
    title = "no flags: dropped by a listener, RST,ACK from a closed port" },
  { id = "F6", flags = { "FPU" }, open = "nothing", closed = "RST,ACK at 0",
    title = "FIN,PSH,URG: dropped by a listener, RST,ACK from a closed port" },
  { id = "F7", flags = { "F." }, open = "RST at SEG.ACK", closed = "RST at SEG.ACK",
    title = "FIN,ACK without a connection: RST with seq = SEG.ACK" },
  { id = "F8", flags = { "SF" }, open = "SYN-ACK", closed = "RST,ACK at 0",
    also = { nothing = "hardened", ["RST,ACK at 0"] = "warn" },
    title = "SYN,FIN: SYN-ACK from a listener (or dropped), RST,ACK from a closed port" },
  { id = "F9", flags = { "SR" }, open = "nothing", closed = "nothing", level = "MUST",
    strict = true, title = "SYN,RST: a RST is never answered" },
  { id = "F10", flags = { "SU", "SP" }, open = "SYN-ACK", closed = "RST,ACK at 0",
    title = "SYN with URG or PSH is a SYN" },
  { id = "F11", flags = { "SFRP.UEWA" }, open = "nothing", closed = "nothing", level = "MUST",
    strict = true, title = "all flags at once: there is a RST among them, no answer" },
  { id = "F12", flags = { "S" }, reserved = 7, open = "SYN-ACK", closed = "RST,ACK at 0",
    level = "MUST", rfc = "RFC 9293 3.1; RFC 9293 3.10.7",
    title = "SYN with reserved bits set is a SYN" },
  { id = "F13", flags = { "-" }, data = "probe", open = "nothing", closed = "RST,ACK at 0",
    title = "data without flags: dropped by a listener, RST,ACK of all octets if closed" },
  { id = "F14", flags = { "S" }, bad_checksum = true, open = "nothing", closed = "nothing",
    level = "MUST", strict = true, rfc = "RFC 9293 3.1 MUST-3",
    title = "a SYN whose checksum is wrong is not answered" },
}

-- What SEG.SEQ + SEG.LEN comes to: each probe's SEQ is 0.
local function length(probe)
  local octets = probe.data and #probe.data or 0
  return octets + (has(probe, "S") and 1 or 0) + (has(probe, "F") and 1 or 0)
end

local function reset_in_words(answer, probe)
  if has(probe, ".") then
    if answer.seq ~= ACK then return "RST with seq not SEG.ACK" end
    return has(answer, ".") and "RST,ACK at SEG.ACK" or "RST at SEG.ACK"
  end
  if not has(answer, ".") then return "RST without ACK" end
  if answer.ack ~= length(probe) then
    return string.format("RST,ACK with ack c+%d, not c+%d", answer.ack, length(probe))
  end
  return answer.raw_seq == 0 and "RST,ACK at 0" or "RST,ACK with seq not 0"
end

local function in_words(answer, probe)
  if not answer then return "nothing" end
  if answer.icmp then return "ICMP" end
  if has(answer, "R") then return reset_in_words(answer, probe) end
  if not has(answer, "S") then return "a segment with the flags " .. answer.flags end
  if not has(answer, ".") then return "SYN without ACK" end
  -- A FIN beside the SYN may be acknowledged at once, or wait.
  if answer.ack == 1 or answer.ack == length(probe) then return "SYN-ACK" end
  return string.format("SYN-ACK with ack c+%d", answer.ack)
end

local GRAVITY = { pass = 1, hardened = 2, path = 3, warn = 4, fail = 5 }

local function graver(one, other)
  return GRAVITY[one] > GRAVITY[other] and one or other
end

-- Each of the row's probes to one port: the gravest verdict, and all that was seen.
local function try(row, port, due)
  local worst, words = "pass", {}
  for _, flags in ipairs(row.flags) do
    local probe = { flags = flags, seq = 0, ack = ACK, data = row.data, reserved = row.reserved,
      bad_checksum = row.bad_checksum }
    if due == "nothing" then probe.tries, probe.gap = 2, t.wait end
    local word = in_words(fresh({ syn = false, dport = port }):ask(probe), probe)
    if word ~= due then
      local lesser = row.also and row.also[word] or OTHERWISE[due][word]
      worst = graver(worst, not row.strict and lesser or "fail")
    end
    words[#words + 1] = word
  end
  return worst, table.concat(words, " and ")
end

local function run(row)
  local verdict = { pass = pass, hardened = hardened, path = path, warn = warn, fail = fail }
  local worst, seen_open = try(row, t.port, row.open)
  local seen = "open port: " .. seen_open
  note(row.id .. "_open", seen_open)
  local port = closed_port()
  if port then
    local worse, seen_closed = try(row, port, row.closed)
    worst = graver(worst, worse)
    seen = seen .. "; closed port: " .. seen_closed
    note(row.id .. "_closed", seen_closed)
  end
  verdict[worst](seen)
end

for _, row in ipairs(ROWS) do
  scenario {
    id = row.id,
    title = row.title,
    rfc = row.rfc or "RFC 9293 3.10.7.1; RFC 9293 3.10.7.2",
    level = row.level or "SHOULD",
    sends = table.concat(row.flags, " and ") .. " to the open port and to a closed one",
    takes = 20,
    profile = row.profile or "default",
    run = function() run(row) end,
  }
end

scenario {
  id = "H14",
  title = "what SYN, ACK and FIN meet at an open and at a closed port",
  rfc = "RFC 9293 3.10.7.1; RFC 9293 3.10.7.2",
  level = "INFO",
  sends = "SYN, ACK, FIN to the open port and to a closed one",
  takes = 20,
  profile = "default",
  run = function()
    local ports, lines = { t.port, closed_port() }, {}
    for number, port in ipairs(ports) do
      local words = {}
      for place, flags in ipairs { "S", ".", "F" } do
        local c = fresh { syn = false, dport = port }
        local answer = c:ask { flags = flags, seq = 0, ack = 1, tries = 2 }
        words[place] = answer and (answer.icmp and "ICMP" or answer.flags) or "nothing"
      end
      lines[number] = (number == 1 and "open: " or "closed: ") .. table.concat(words, ", ")
    end
    pass("SYN, ACK, FIN to " .. table.concat(lines, "; to "))
  end,
}
