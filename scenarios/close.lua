-- SPDX-License-Identifier: BSD-2-Clause
-- Close, client first (RFC 9293 3.6, cases 1 and 2): our FIN, and all that can be wrong with it.
-- What the server answers with depends on how quick its application is; each order is right. Those
-- that withhold the acknowledgment of the server's FIN are in unacknowledged.lua.

local SMALL = 1000 -- octets: a small window
local JUNK = 16384 -- octets that no application asked for

local GRACEFUL = { ["three-segment"] = true, ["four-segment"] = true, ["data-then-fin"] = true,
                   ["simultaneous"] = true }

-- Waits for the end of a close that we began, both FINs in order, and returns its token.
local function outcome(c)
  if not c.over then c:expect { within = APP_S, where = function() return c.over end } end
  if c.over or c.peer_fin then return c.closing or "silent" end
  return c.fin_acked and "held-open" or "silent"
end

-- Ends the scenario by the verdict on such a close.
local function judge(token, seen)
  local line = token .. ": " .. seen
  if GRACEFUL[token] then pass(line) end
  if token == "held-open" then
    app(line .. "; the application did not close within " .. APP_S .. " s of our FIN"
      .. (t.quick and ", as long as --quick waits" or ""))
  end
  if token == "reset-abort" then app(line .. "; the application aborted") end
  if token == "server-reset" then app(line .. "; it came before our FIN") end
  if token == "reset-gone" then warn(line .. "; the server knows of no such connection") end
  if token == "silent" then fail(line) end
  inconclusive(line)
end

-- C1 ------------------------------------------------------------------------------------------

-- When our FIN was acknowledged, and when the server's own came: seconds after ours.
local function measure(c, before)
  local m = {}
  for i, s in ipairs(c:seen {}) do
    if i > before and not s.icmp then
      m.sent = m.sent or s.time - s.dt
      if s.ack and s.ack >= c.snd_nxt then m.acked = m.acked or s.time - m.sent end
      if has(s, "F") then m.fin = m.fin or s.time - m.sent end
      if has(s, "R") then m.reset = m.reset or s.time - m.sent end
    end
  end
  return m
end

local function plain_close()
  local c = ready()
  local before = #c:seen {}
  local token = c:close { within = APP_S } or "silent"
  local m = measure(c, before)
  m.late = m.acked and not c.lossy and m.acked - (t.rtt or 0) > 0.5
  local parts = {}
  if m.acked then parts[1] = "our FIN acknowledged after " .. ms(m.acked) end
  if m.fin then parts[#parts + 1] = "its FIN after " .. ms(m.fin) end
  if m.reset and token:find("reset", 1, true) then
    parts[#parts + 1] = "RST after " .. ms(m.reset)
  end
  return token, m, table.concat(parts, ", ")
end

-- Does something eat FINs, or is the server mute? The number just before our FIN asks.
local function judge_silence()
  local c = ready()
  local at = c.snd_nxt
  c:mute()
  if c:ask { flags = "F.", want = { where = answers_fin(at) } } then
    inconclusive("silent, but on another connection our FIN was answered")
  end
  local reply = c:ask { flags = ".", seq = at - 1, want = { flags = { ".", "R", "R." } } }
  if not reply then fail("silent: nothing at all comes after our FIN") end
  if has(reply, "R") then fail("silent: our FIN ended the connection without an answer") end
  if reply.ack > at then fail("silent: our FIN was taken, but is not acknowledged unless asked") end
  path("silent: questions are answered, and say that our FIN never arrived: something eats FINs")
end

scenario {
  id = "C1",
  title = "our FIN is acknowledged, at once or by the server's own FIN, which comes in its time",
  rfc = "RFC 9293 3.6, 3.6.1, 3.8.6.3 (MUST-40)",
  level = "MUST",
  sends = "FIN on an idle connection; an ACK of the server's",
  takes = 30,
  profile = "quick",
  run = function()
    local token, m, line = plain_close()
    note("close_token", token)
    if m.fin then note("app_close_ms", math.floor(m.fin * 1e6 + 0.5) / 1000) end
    if token == "silent" then judge_silence() end
    if m.late then
      local _, again = plain_close()
      if again.late then fail(token .. ": " .. line .. ", again after " .. ms(again.acked)) end
      warn(token .. ": " .. line .. "; another one in time")
    end
    judge(token, line)
  end,
}

scenario {
  id = "C2",
  title = "a FIN may be the third segment of the handshake",
  rfc = "RFC 9293 3.10.7.4 (fifth, eighth)",
  level = "MUST",
  sends = "SYN, then FIN,ACK in answer to the SYN-ACK",
  takes = 30,
  profile = "quick",
  run = function()
    local c = open { third = false } -- muted: no bare ACK may come before the FIN
    local at = c.snd_nxt
    local reply = c:ask { flags = "F.", want = { where = answers_fin(at) } }
    if not reply then fail("silent: a FIN in the third segment was never acknowledged") end
    c:unmute()
    c:send { flags = "." }
    judge(outcome(c), "first answer " .. reply.flags .. " after " .. ms(reply.dt))
  end,
}

-- C3 ------------------------------------------------------------------------------------------

-- The request and our FIN, sent by how(c). Returns the octets of the answer, its text, the token.
local function half_close(how)
  local c = ready()
  local before = c.received
  how(c)
  c:answer { within = math.max(2, t.wait) }
  local token = outcome(c)
  local _, text = c:answer { within = 0, settle = 0 }
  return c.received - before, text:sub(before + 1), token
end

local function apart(c)
  c:write(service.request)
  c:fin()
end

local function in_one(data)
  return function(c)
    local at = c.snd_nxt + #data
    c:ask { flags = "FP.", data = data, want = { where = answers_fin(at) } }
  end
end

local function first_line(text)
  return text:sub(1, (text:find("\r", 1, true) or text:find("\n", 1, true) or 81) - 1):sub(1, 80)
end

scenario {
  id = "C3",
  title = "request, then FIN: all of it is acknowledged, and the server can still answer",
  rfc = "RFC 9293 3.6 (case 2), 3.6.1, 3.10.7.4 (eighth)",
  level = "MUST",
  sends = "request, then FIN; request and FIN in one segment; part of a request and FIN",
  takes = 30,
  profile = "quick",
  needs = "request",
  run = function()
    local line, unanswered = {}, false
    local function try(name, how, must_answer)
      local octets, text, token = half_close(how)
      local answer = octets > 0 and octets .. " octets" or "no answer"
      line[#line + 1] = name .. ": " .. answer .. ", " .. token
      if not GRACEFUL[token] then judge(token, table.concat(line, "; ")) end
      unanswered = unanswered or must_answer and octets == 0
      return text
    end
    try("request, FIN", apart, true)
    try("both in one", in_one(service.request), true)
    note("half_close_answered", not unanswered)
    if service.partial then
      local text = try("part of one, FIN", in_one(service.partial), false)
      note("partial_answer", text == "" and "none" or first_line(text))
    end
    line = table.concat(line, "; ")
    if unanswered then app("the application does not answer after our FIN; " .. line) end
    pass(line)
  end,
}

-- Misplaced and repeated ----------------------------------------------------------------------

scenario {
  id = "C6",
  title = "a FIN out of order waits for what is missing, an old one changes nothing",
  rfc = "RFC 9293 3.10.7.4 (first, SHLD-31, eighth)",
  level = "MUST",
  sends = "FIN one octet too far, then that octet; FIN one octet too early",
  takes = 30,
  profile = "default",
  run = function()
    local c = ready()
    local at = c.snd_nxt
    c:mute()
    local function answers(s) return not has(s, "S") and (has(s, "R") or s.ack ~= nil) end
    local early = c:ask { flags = "F.", seq = at + 1, want = { where = answers } }
    if early and has(early, "R") then app("a FIN out of order met " .. early.flags) end
    if early and early.ack > at then fail("a FIN was taken although an octet is missing before") end
    local last = c:ask { flags = ".", data = "x", want = { ack_of = at + 1 } }
    if not last then fail("the missing octet was not acknowledged in five tries") end
    local kept = last.ack > at + 1 or c:expect { ack_of = at + 2, within = 0.5 } ~= nil
    if not c:ask { flags = "F.", want = { where = answers_fin(at + 1) } } then
      fail("the FIN was not acknowledged after what was missing had come")
    end
    c:abort()
    c = ready()
    at = c.snd_nxt
    local old = c:ask { flags = "F.", seq = at - 1, want = { where = answers } }
    if old and (has(old, "R") or has(old, "F") or old.ack > at) then
      fail("a FIN before RCV.NXT met " .. old.flags .. " ack " .. tostring(old.ack))
    end
    if c:alive() == "dead" then fail("a FIN before RCV.NXT ended the connection") end
    if not early then warn("no duplicate ACK for a FIN out of order") end
    if not kept then warn("a FIN out of order is not kept: it had to be sent again") end
    if not old then warn("no ACK for a FIN before RCV.NXT") end
    pass("too far: ACK after " .. ms(early.dt) .. ", taken when the gap was filled; too early: ACK")
  end,
}

scenario {
  id = "C8",
  title = "after a full close the server knows the connection no more",
  rfc = "RFC 9293 3.10.7.1",
  level = "SHOULD",
  sends = "our FIN again, after both FINs were acknowledged",
  takes = 30,
  profile = "default",
  run = function()
    local c = ready()
    c:fin()
    local token = outcome(c)
    if not GRACEFUL[token] then judge(token, "so this is no full close") end
    local reply
    for _ = 1, 3 do
      c:send { flags = "." } -- once more, should the last ACK have been lost
      wait(0.1)
      reply = c:ask { flags = "F.", seq = c.snd_nxt - 1, tries = 2,
                      want = { flags = { "R", "R.", "." } } } or reply
      if reply and has(reply, "R") then break end
    end
    if not reply then warn("silence: our FIN again met nothing, where a RST is due") end
    local what = reply.flags .. " after " .. ms(reply.dt)
    if not has(reply, "R") then
      if token == "simultaneous" then pass(what .. ": TIME-WAIT, as both closed at once") end
      -- where SYN cookies are at work, an ACK of old numbers is as good as a third segment
      if c:ask { flags = "P.", seq = c.snd_nxt, data = "x", tries = 3,
                 want = { ack_of = c.snd_nxt + 1 } } then
        hardened("SYN cookies: our last ACK, sent once more, opened the connection anew")
      end
      warn(what .. ": it kept the connection though it closed last")
    end
    if reply.ack or reply.seq ~= c.rcv_nxt then
      warn(what .. ", seq " .. reply.seq .. ": a bare RST with seq " .. c.rcv_nxt .. " is due")
    end
    pass(what .. ", seq as we acknowledged: gone")
  end,
}

-- Windows and resets --------------------------------------------------------------------------

scenario {
  id = "C9",
  title = "a small window of ours does not hinder the close",
  rfc = "RFC 9293 3.6, 3.8.6",
  level = "INFO",
  sends = "a request, where one is known, and FIN, with a window of " .. SMALL .. " octets",
  takes = 30,
  profile = "default",
  run = function()
    local c = ready { window = SMALL, wscale = false }
    local before = c.received
    if service.request then c:write(service.request) end
    c:fin()
    local token = outcome(c)
    local octets = c.received - before
    if token == "held-open" and octets > SMALL then
      pass("our FIN is acknowledged, and the server still sends: " .. octets .. " octets so far")
    end
    judge(token, "window " .. SMALL .. ", " .. octets .. " octets of answer")
  end,
}

scenario {
  id = "C10",
  title = "a server that closes with our data unread resets",
  rfc = "RFC 9293 3.6.1 (SHLD-3); RFC 2525 2.17",
  level = "SHOULD",
  sends = JUNK .. " octets that no application asks for",
  takes = 20,
  profile = "default",
  run = function()
    local c = ready()
    local window = c.snd_wnd
    c:write("\r\n" .. string.rep("x", JUNK - 2))
    local function ends(s) return c.peer_fin or has(s, "R") end
    local last = c:expect { within = 3, where = ends }
    if not last then skip("the server did not close within 3 s, so nothing is to be judged") end
    if has(last, "R") then pass(last.flags .. ": what it had not read is lost, and it says so") end
    local unread = window - c.snd_wnd
    local reset = c:expect { within = 0.5, where = function(s) return has(s, "R") end }
    if reset then
      pass("FIN, then " .. reset.flags .. " " .. ms(reset.time - last.time) .. " later")
    end
    if unread >= JUNK // 2 then
      warn("FIN although, as its window says, " .. unread .. " octets of ours lay unread")
    end
    pass("FIN; as far as its window shows, it had read all of ours")
  end,
}

scenario {
  id = "C11",
  title = "a RST in answer to our FIN says whether the application aborted or knew of nothing",
  rfc = "RFC 9293 3.5.2, 3.10.7.1, 3.6.1 (SHLD-3)",
  level = "SHOULD",
  sends = "a keepalive-style question, then FIN",
  takes = 30,
  profile = "default",
  run = function()
    local c = ready()
    local state = c:alive()
    local at = c.snd_nxt
    c:fin()
    outcome(c)
    local reset = c:seen { where = function(s) return has(s, "R") end }[1]
    if not reset then pass("no RST") end
    local what = string.format("%s seq %d after %s", reset.flags, reset.seq, ms(reset.dt))
    if reset.seq ~= c.rcv_nxt then
      fail(what .. ": not " .. c.rcv_nxt .. ", so that a client must not believe it")
    end
    if not reset.ack then
      if c.peer_fin then pass(what .. ", after its FIN: closed") end
      local line = "reset-gone: " .. what .. ": no such connection"
      if state == "alive" then warn(line .. ", though it had just answered") end
      app(line .. " any more")
    end
    if reset.ack < at or reset.ack > at + 1 then
      warn("reset-abort: " .. what .. ", ack " .. reset.ack .. " where " .. at + 1 .. " is due")
    end
    app("reset-abort: " .. what .. ": the application aborted")
  end,
}

scenario {
  id = "C12",
  title = "our FIN is acknowledged while our window is zero, and the server keeps asking",
  rfc = "RFC 9293 3.8.6.1 (MUST-36, MUST-37), 3.10.7.4 (eighth)",
  level = "MUST",
  sends = "a request and FIN with a window of zero; six seconds later a larger window",
  takes = 30,
  profile = "default",
  needs = "request",
  run = function()
    local c = open { window = 0 }
    c:write(service.request)
    c:fin()
    c:expect { within = 12, where = function(s) return c.fin_acked or has(s, "R") end }
    if c.reset then app("reset: the application aborts where it cannot send") end
    if not c.fin_acked then fail("our FIN was not acknowledged while our window was zero") end
    local before = #c:seen {}
    c:collect(6)
    local probes, forced = 0, 0
    for i, s in ipairs(c:seen {}) do
      if i > before and not s.icmp and not has(s, "R") then probes = probes + 1 end
      if s.len and s.len > 1 then forced = forced + s.len end
    end
    if forced > 0 then warn(forced .. " octets were sent into a window of zero") end
    local data
    for _ = 1, 3 do
      c:send { flags = ".", wnd = 64240 }
      data = data or c:expect { data = true, within = 1 }
    end
    local line = "our FIN was acknowledged; " .. probes .. " window probes in 6 s"
    if not data then pass(line .. "; nothing was waiting to be sent") end
    if probes == 0 then fail(line .. ", though data were waiting") end
    pass(line .. "; then " .. data.len .. " octets at once")
  end,
}
