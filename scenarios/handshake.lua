-- SPDX-License-Identifier: BSD-2-Clause
-- The handshake: what a listener makes of a SYN that comes again, of third segments that are
-- wrong, late or more than an ACK, and of another connection on the same ports.
-- Most of it is done on connections without a machine, whose numbers are in the script:
-- our SYN is 0, the first octet of data 1; the same for the server's.

-- Acknowledges what was never sent. A RST answers in LISTEN and SYN-RECEIVED, an ACK in
-- ESTABLISHED (RFC 9293 3.10.7.4, fifth): a question for the state that changes nothing.
local TOO_NEW = 100001
local GRAVITY = { pass = 1, pass_may = 2, hardened = 3, path = 4, warn = 5, fail = 6 }

-- Several parts, one verdict: the gravest. `seen` has them all.
local function conclude(parts)
  local worst, texts = "pass", {}
  for number, part in ipairs(parts) do
    texts[number] = part[2]
    if GRAVITY[part[1]] > GRAVITY[worst] then worst = part[1] end
  end
  _ENV[worst](table.concat(texts, "; "))
end

local function is_established()
  for _ = 1, 2 do -- a late copy of another ACK must not pass for the answer
    local answer = ask { flags = ".", seq = 1, ack = TOO_NEW, tries = 4,
      want = { flags = { ".", "F.", "R", "R." } } }
    if not answer or has(answer, "R") then return false end
  end
  return true
end

-- A bare ACK as the third segment, until the server shows that it took it.
local function establish(seq)
  for _ = 1, 4 do
    send { flags = ".", seq = seq, ack = 1 }
    if is_established() then return true end
  end
  return false
end

-- The right ACK, with data. What becomes of it: "taken"; "gone": a RST as of no connection; nil: no
-- answer. An application that resets or closes what it accepted has had a connection, too; what
-- comes later may then meet such a RST.
local function offer()
  local data = service.request or "\r\n"
  local answer, tries = ask { flags = "P.", seq = 1, ack = 1, data = data, want = {
    where = function(segment)
      if segment.icmp or has(segment, "S") then return false end
      if has(segment, "R") then return segment.seq == 1 or has(segment, ".") end
      return has(segment, "F") or segment.len > 0 or segment.ack == 1 + #data
    end } }
  if not answer then return nil end
  if answer.flags ~= "R" or #seen { flags = "F." } > 0 then return "taken" end
  if tries > 1 then inconclusive("a RST, but for a copy only: the first answer was lost") end
  return "gone"
end

local function need_established(data_too)
  half_open()
  if establish(1) or data_too and offer() == "taken" then return end
  inconclusive("a bare ACK does not establish (deferred accept, a full queue, or a reset at once)")
end

scenario {
  id = "H1", level = "MUST", takes = 8, profile = "quick",
  title = "a SYN is answered with a SYN-ACK that acknowledges it",
  rfc = "RFC 9293 3.5; RFC 9293 3.10.7.2; RFC 9293 3.10.7.3",
  sends = "SYN, then the ACK of the SYN-ACK",
  run = function()
    open { syn = false }
    local answer, tries = ask { flags = "S", seq = 0, want = { flags = { "S.", "R", "R." } } }
    if not answer then inconclusive("no answer to 5 SYNs") end
    local what = has(answer, "R") and "RST" or "SYN-ACK"
    if answer.ack ~= 1 then
      send { flags = "R", seq = 1 }
      fail(what .. " with ack c+" .. tostring(answer.ack) .. ", not c+1")
    end
    if what == "RST" then inconclusive("the port is closed") end
    send { flags = ".", seq = 1, ack = 1 }
    local names, rtt = {}, "unknown, the SYN was repeated"
    for _, name in ipairs { "mss", "wscale", "sack", "ts_val" } do
      if answer.options[name] then names[#names + 1] = name end
    end
    names = #names > 0 and table.concat(names, ", ") or "none"
    if tries == 1 then
      rtt = string.format("%.3f ms", answer.dt * 1000)
      note("handshake_rtt_ms", answer.dt * 1000)
    end
    note("synack_ttl", answer.ttl)
    note("synack_window", answer.wnd)
    note("synack_options", names)
    pass(string.format("SYN-ACK with ack c+1; round trip %s; window %d, TTL %d, options: %s", rtt,
      answer.wnd, answer.ttl, names))
  end,
}

-- A third segment that acknowledges something else, then the right one.
local function wrong_ack(ack)
  local synack = half_open()
  local text = string.format("ack s+%d: ", ack)
  local answer = ask { flags = ".", seq = 1, ack = ack, tries = 4,
    want = { flags = { "R", "R.", "." } } }
  if answer and has(answer, "R") and answer.seq ~= ack then
    return { "fail", string.format("%sRST with seq s+%d", text, answer.seq) }
  end
  if not (answer and has(answer, "R")) and is_established() then
    local verdict = ack == TOO_NEW and "fail" or "hardened"
    return { verdict, text .. "accepted, as SYN cookies do for some" }
  end
  local after = offer()
  if after == "gone" then return { "fail", text .. "the right ACK afterwards met RST" } end
  if not answer and synack.wnd == 0 then
    return { "path", text .. "silence, window 0: a SYN proxy" }
  end
  if not after then inconclusive(text .. "no answer to the right ACK afterwards") end
  if not answer then return { "warn", text .. "no answer, then taken" } end
  return { answer.flags == "R" and "pass" or "warn", text .. answer.flags .. ", then taken" }
end

scenario {
  id = "H4", level = "MUST", takes = 40, profile = "quick",
  title = "a third segment with a wrong ack: RST with its number, and the state is kept",
  rfc = "RFC 9293 3.10.7.4 fifth; RFC 9293 3.5.2",
  sends = "ACK of s+2, of s, of s+100001, each followed by the right ACK with data",
  run = function() conclude { wrong_ack(2), wrong_ack(0), wrong_ack(TOO_NEW) } end,
}

local function ack_in_window()
  half_open()
  local established = establish(1001)
  if not established then need_established() end
  if offer() == "gone" then return { "fail", "seq in the window: the connection is lost" } end
  if established then return { "pass", "seq c+1001, in the window: ESTABLISHED" } end
  return { "warn", "seq c+1001, in the window: not taken, still SYN-RECEIVED" }
end

local function ack_out_of_window()
  half_open()
  local answer = ask { flags = ".", seq = -999, ack = 1, want = { flags = { ".", "R", "R." } } }
  if answer and has(answer, "R") then return { "fail", "seq c-999, outside: RST" } end
  if is_established() then return { "fail", "seq c-999, outside: taken, ESTABLISHED" } end
  if offer() == "gone" then return { "fail", "seq c-999, outside: the connection is lost" } end
  if not answer then return { "warn", "seq c-999, outside: no ACK in answer" } end
  return { "pass", "seq c-999, outside: ACK, still SYN-RECEIVED" }
end

scenario {
  id = "H5", level = "MUST", takes = 40, profile = "default",
  title = "a third ACK establishes from anywhere in the window, and from nowhere else",
  rfc = "RFC 9293 3.10.7.4 first",
  sends = "ACK with seq c+1001; on another connection with seq c-999",
  run = function() conclude { ack_in_window(), ack_out_of_window() } end,
}

-- Resets the half-open connection that began at `iss`, until a question that acknowledges its
-- SYN-ACK shows that it is gone.
local function forget(iss, synack)
  for _ = 1, 5 do
    send { flags = "R", seq = iss + 1 }
    local answer = ask { flags = ".", seq = iss, ack = synack.seq + 1, tries = 1,
      want = { flags = { ".", "R", "R." } } }
    if answer and has(answer, "R") then return end
  end
end

-- Figures 8 and 9: a SYN with another number, until its SYN-ACK comes; an ACK of the old
-- connection is answered with RST. Returns the first answer in a word, and if it came through.
local function replace(iss, tries)
  local function is_new(segment)
    return segment.ack == iss + 1 or not segment.icmp and not has(segment, "S")
  end
  local first
  for _ = 1, 6 do
    local answer = ask { flags = "S", seq = iss, tries = first and 5 or tries,
      want = { where = is_new } }
    local word = answer and (has(answer, "S") and "SYN-ACK" or has(answer, "R") and "RST" or "ACK")
    if not word and (first or tries > 1) then return first or "silence", false end
    first = first or word or "silence"
    if word == "SYN-ACK" then
      forget(iss, answer)
      return first, true
    end
    if word == "ACK" then send { flags = "R", seq = answer.ack } end
    wait(0.1)
  end
  return first, false
end

-- What became of replace(), where `verdicts` has the verdict of each first answer.
local function replaced(text, iss, tries, verdicts)
  local first, through = replace(iss, tries)
  text = text .. first
  if through and first ~= "SYN-ACK" then text = text .. ", then SYN-ACK" end
  if through then return { verdicts[first], text } end
  if first == "silence" then return { "warn", text .. ", and no SYN-ACK" } end
  return { "fail", text .. ", and no SYN-ACK after our RST" }
end

scenario {
  id = "H6", level = "MUST", takes = 60, profile = "default",
  title = "a half-open connection of old does not keep a new SYN out",
  rfc = "RFC 9293 3.5 figure 8; RFC 9293 3.10.7.4 fourth; RFC 5961 4.2",
  sends = "SYN; then RST and SYN(new); SYN(new) out of the window; SYN(new) in the window",
  run = function()
    local outside = { ["SYN-ACK"] = "pass", ACK = "pass", RST = "warn", silence = "warn" }
    local inside = { ["SYN-ACK"] = "pass", ACK = "pass", RST = "hardened", silence = "pass" }
    half_open()
    send { flags = "R", seq = 1 }
    local parts = { replaced("after RST: ", 1000000, 5, outside) }
    half_open()
    parts[2] = replaced("SYN out of the window: ", 1000000, 5, outside)
    half_open()
    parts[3] = replaced("SYN in the window: ", 100, 1, inside)
    conclude(parts)
  end,
}

scenario {
  id = "H7", level = "INFO", takes = 30, profile = "default",
  title = "self-test: a SYN-ACK that comes again is acknowledged by shakedown",
  rfc = "RFC 9293 3.10.7.4",
  sends = "SYN, and no ACK until the SYN-ACK comes again",
  run = function()
    open { third = false }
    unmute()
    expect { flags = "S." } -- the first one
    local times = 0
    repeat
      local again = expect { flags = "S.", within = times == 0 and 8 or 4 }
      times = times + (again and 1 or 0)
      if times == 0 then skip("no SYN-ACK again within 8 s, so there is nothing to answer") end
      if is_established() then pass("SYN-ACK again: acknowledged, the server is ESTABLISHED") end
    until not again or times == 3
    inconclusive("SYN-ACK again: acknowledged, but a bare ACK does not establish")
  end,
}

scenario {
  id = "H8", level = "SHOULD", takes = 10, profile = "default",
  title = "SYN,ACK as the third segment, as in a simultaneous open: ACK, and the state is kept",
  rfc = "RFC 9293 3.10.7.4; RFC 5961 4.2",
  sends = "SYN,ACK in answer to the SYN-ACK, then the right ACK with data",
  run = function()
    half_open()
    local answer = ask { flags = "S.", seq = 0, ack = 1, want = { flags = { ".", "R", "R." } } }
    local text = (answer and answer.flags or "nothing") .. " in answer; data afterwards: "
    local after = offer()
    if after == "gone" then fail(text .. "RST") end
    if not after then inconclusive(text .. "no answer") end
    if not answer or has(answer, "R") then warn(text .. after) end
    pass(text .. after)
  end,
}

scenario {
  id = "H9", level = "MUST", takes = 60, profile = "default",
  title = "after our crash: a new SYN on an old connection finds its way by ACK and RST",
  rfc = "RFC 9293 3.5.1 figure 9; RFC 5961 4.2",
  sends = "SYN(new) in ESTABLISHED, out of the window and in it; RST for the ACK; SYN(new)",
  run = function()
    local outside = { ACK = "pass", RST = "warn", silence = "warn", ["SYN-ACK"] = "fail" }
    local inside = { ACK = "pass", RST = "pass_may", silence = "warn", ["SYN-ACK"] = "fail" }
    need_established(true)
    local parts = { replaced("SYN out of the window: ", 1000000, 5, outside) }
    need_established(true)
    parts[2] = replaced("SYN in the window: ", 1001, 5, inside)
    conclude(parts)
  end,
}

-- How many octets the server has sent, whatever came twice.
local function octets_sent()
  local upto = 1
  for _, segment in ipairs(seen { data = true }) do
    upto = math.max(upto, segment.seq + segment.len)
  end
  return upto - 1
end

-- After a SYN with data whose SYN-ACK acknowledged `upto`: the data are served, and once.
local function served_once(data, upto)
  local text = "SYN-ACK with ack c+" .. upto .. ", data "
  if expect { data = true } then return { "fail", text .. "answered before our ACK" } end
  local again = upto == 1 and offer()
  if again == "gone" then return { "fail", text .. "sent again: RST" } end
  if upto == 1 and not again then inconclusive(text .. "not acknowledged when sent again") end
  if not service.request then return { "pass", text .. "taken" } end
  -- After a handshake that took long the server sends a lost answer again as late.
  ask { flags = ".", seq = 1 + #data, ack = 1, tries = octets_sent() > 0 and 1 or 12,
    want = { data = true } }
  if octets_sent() == 0 then return { again and "warn" or "fail", text .. "never answered" } end
  wait(0.3)
  if service.name == "echo" and octets_sent() ~= #data then
    return { "fail", string.format("%sechoed as %d octets, not %d", text, octets_sent(), #data) }
  end
  return { "pass", text .. "answered" }
end

local function refused(port, data)
  local answer = fresh({ syn = false, dport = port }):ask { flags = "S", seq = 0, data = data,
    want = { flags = { "R", "R." } } }
  if not answer then return { "path", "closed port: no answer" } end
  local right = answer.ack == 1 + #data
  return { right and "pass" or "fail", "closed port: RST with ack c+" .. tostring(answer.ack) }
end

scenario {
  id = "H10", level = "MUST", takes = 30, profile = "default",
  title = "data on the SYN waits for the third segment, or is not acknowledged",
  rfc = "RFC 9293 3.4; RFC 9293 3.10.7.2",
  sends = "SYN with data, without Fast Open; to a closed port as well",
  run = function()
    local data = service.request or "\r\n"
    open { syn = false }
    local answer = ask { flags = "S", seq = 0, data = data,
      want = { flags = { "S.", "R", "R." } } }
    if not answer then path("no answer to a SYN with data, five times") end
    if has(answer, "R") then path("RST for a SYN with data") end
    if answer.ack ~= 1 and answer.ack ~= 1 + #data then
      fail(string.format("ack c+%d, for a SYN with %d octets", answer.ack, #data))
    end
    local parts = { served_once(data, answer.ack) }
    local port = closed_port()
    if port then parts[2] = refused(port, data) end
    conclude(parts)
  end,
}

scenario {
  id = "H11", level = "INFO", takes = 8, profile = "default",
  title = "who speaks first",
  rfc = "RFC 9293 3.9.1",
  sends = "nothing, for 3 s after the handshake",
  run = function()
    local c = open()
    local first = expect { flags = { ".", "F.", "R", "R." }, within = 3,
      where = function(segment) return segment.len > 0 or segment.flags ~= "." end }
    note("speaks_first", first and "server" or "client")
    if not first then pass("client-first: nothing came for 3 s") end
    local when = string.format(" %.1f ms after the SYN-ACK", (first.time - c.synack.time) * 1000)
    if has(first, "R") then app("reset by the server" .. when) end
    if first.len == 0 then app("FIN without data" .. when) end
    pass(string.format("server-first: %d octets%s", first.len, when))
  end,
}

scenario {
  id = "H12", level = "MUST", takes = 30, profile = "quick",
  title = "the third segment may bring data, or a FIN",
  rfc = "RFC 9293 3.10.7.4 seventh and eighth",
  sends = "ACK with data as the third segment; on another connection FIN,ACK",
  run = function()
    half_open()
    local data = offer()
    if data == "gone" then fail("data in the third segment: RST") end
    half_open()
    local answer, tries = ask { flags = "F.", seq = 1, ack = 1, want = { where = function(segment)
      return not segment.icmp and (has(segment, "R") or segment.ack == 2) end } }
    if answer and answer.flags == "R" then
      if tries > 1 then inconclusive("a RST for a copy of our FIN: the first answer was lost") end
      fail("FIN in the third segment: RST")
    end
    if data and answer then
      pass("data in the third segment: taken; FIN: " .. answer.flags .. " in answer")
    end
    need_established()
    if not offer() then inconclusive("data are not acknowledged, early or late") end
    fail((data and "FIN" or "data") .. " in the third segment: not acknowledged in 5 tries")
  end,
}

scenario {
  id = "H13", level = "INFO", takes = 25, profile = "default",
  title = "a bare ACK establishes: no deferred accept, no full queue",
  rfc = "RFC 9293 3.10.7.4 fifth",
  sends = "ACK of the SYN-ACK; if that is not enough, data 4 s later",
  run = function()
    half_open()
    note("deferred_accept", false)
    note("accept_dropped", false)
    if establish(1) then pass("established by a bare ACK") end
    wait(4)
    local repeated = #seen { flags = "S." } - 1
    local text = "acknowledged, but SYN-ACK came " .. repeated .. " times within 4 s; data: "
    local data = offer()
    if data == "gone" then app("reset at once: what was accepted is gone") end
    if data then
      note("deferred_accept", true)
      app("deferred-accept: " .. text .. "taken")
    end
    note("accept_dropped", true)
    app("accept-dropped: " .. text .. "not acknowledged; the queue of the listener is full")
  end,
}
