-- SPDX-License-Identifier: BSD-2-Clause
-- Close, server first: when it comes, and what the server, which is the active closer then, keeps
-- of the connection in FIN-WAIT-2 and TIME-WAIT. P6 and P9 are in unacknowledged.lua.

local CLOSES_S = 3 -- within which a service closes that was asked to
local IDLE_S = 70  -- how long an idle timeout is waited for
local HOLD_S = { 1, 3, 5, 10, 20, 30, 45, 59, 62, 70, 90, 120 } -- ages at which state is asked for
local SHORT_S = 30 -- a TIME-WAIT that is shorter stands for an MSL of less than 15 s

local function last_of(list) return list[#list] end

local function first_line(text)
  return text:sub(1, (text:find("\r", 1, true) or text:find("\n", 1, true) or 81) - 1):sub(1, 80)
end

-- A connection that the server has closed, and its FIN. Where it does not, the scenario ends.
local function closed_by_server(options)
  local c = open(options)
  local last = service.goodbye or service.request
  if service.greeting and c.received == 0 then c:answer { within = 3 } end
  local function ends(s) return c.state == "CLOSE-WAIT" or has(s, "R") end -- its FIN, in order
  if last and not c.peer_fin then
    c:write(last)
    c:expect { within = 12, where = function(s) return ends(s) or s.ack == c.snd_nxt end }
  end
  if c.state == "ESTABLISHED" then c:expect { within = CLOSES_S, where = ends } end
  if c.reset then app("server-reset: it closes by RST") end
  if not c.peer_fin then skip("the server does not close first, whatever it is asked") end
  return c, last_of(c:seen { flags = "F." })
end

-- Such a connection with our own FIN acknowledged: the server is in TIME-WAIT. Our machine, which
-- has forgotten the connection, is mute. Returns our FIN's number; or nil and the RST that it met.
local function in_time_wait(options)
  local c = closed_by_server(options)
  local at = c.snd_nxt
  c:mute()
  local reply = c:ask { flags = "F.", tries = 8, want = { where = answers_fin(at) } }
  if not reply then inconclusive("our FIN was not acknowledged: see P1") end
  if has(reply, "R") then return nil, reply end
  return c, at
end

local function still_there(c, at, flags)
  return c:ask { flags = flags or "F.", seq = at, tries = 8, want = { flags = { ".", "R", "R." } } }
end

-- P1, P4, P10 ---------------------------------------------------------------------------------

scenario {
  id = "P1",
  title = "the server closes after its answer, and acknowledges our FIN 1.2 s later",
  rfc = "RFC 9293 3.6 (case 2), 3.10.7.4 (eighth)",
  level = "MUST",
  sends = "what makes the server close; ACKs; after 1.2 s FIN",
  takes = 30,
  profile = "default",
  run = function()
    local c, fin = closed_by_server()
    local data = last_of(c:seen { data = true })
    local line = "server-first: its FIN after " .. ms(fin.time) .. ", "
    if not data then
      line = line .. (c.snd_nxt > 1 and "without an answer" or "unasked")
    elseif fin.len > 0 then
      line = line .. "on the last of " .. c.received .. " octets"
    else
      line = line .. ms(fin.time - data.time) .. " after the last of " .. c.received .. " octets"
    end
    note("first_closer", "server")
    note("first_closer_asked", c.snd_nxt > 1)
    wait(1.2)
    c:fin()
    local reply = c:expect { within = 12, where = answers_fin(c.snd_nxt - 1) }
    if not reply then fail(line .. "; our FIN was never acknowledged") end
    line = line .. "; our FIN met " .. reply.flags .. " after " .. ms(reply.dt)
    if has(reply, "R") then warn(line .. ": FIN-WAIT-2 was not kept for 1.2 s") end
    pass(line)
  end,
}

scenario {
  id = "P4",
  title = "data after the server's FIN are acknowledged, or met with a RST",
  rfc = "RFC 9293 3.6.1 (SHLD-3), 3.10.7.4 (seventh)",
  level = "MUST",
  sends = "what makes the server close; ACKs; then nine octets",
  takes = 30,
  profile = "default",
  run = function()
    local c = closed_by_server()
    wait(0.1)
    c:write("late data")
    local reply = c:expect { within = 12, where = answers_fin(c.snd_nxt - 1) }
    if not reply then fail("data after the server's FIN met silence, again and again") end
    local reset = has(reply, "R")
    note("late_data", reset and "reset" or "acked")
    pass(string.format("late-data-%s: %s after %s", reset and "reset" or "acked", reply.flags,
                       ms(reply.dt)))
  end,
}

scenario {
  id = "P10",
  title = "the server closes by FIN, not by RST",
  rfc = "RFC 9293 3.6.1, 3.5.2",
  level = "INFO",
  sends = "nothing for a second; then what makes the server close",
  takes = 20,
  profile = "default",
  run = function()
    local function judge(c, when)
      local s = c:seen { flags = { "R", "R." } }[1]
      if not s then return end
      local line = string.format("server-reset: %s %s, %s after our latest segment", s.flags, when,
                                 ms(s.dt))
      if s.seq ~= c.rcv_nxt then
        warn(line .. ", with seq " .. s.seq .. " where " .. c.rcv_nxt .. " is due")
      end
      note("server_reset", when)
      app(line .. ": the application aborts")
    end
    local c, outcome = open { try = true }
    if not c then
      if outcome ~= "established-reset" then inconclusive("no connection: " .. outcome) end
      app("server-reset: a RST right after the handshake")
    end
    c:collect(1)
    judge(c, "at once")
    if c.peer_fin then pass("FIN at once, no RST") end
    local last = service.goodbye or service.request
    if not last then pass("no RST on an idle connection") end
    c:write(last)
    c:expect { within = CLOSES_S, where = function(s) return c.peer_fin or has(s, "R") end }
    judge(c, "after a request")
    pass(c.peer_fin and "FIN after a request, no RST" or "no RST, neither idle nor after a request")
  end,
}

-- Timeouts ------------------------------------------------------------------------------------

-- The segment by which the server ends this connection until then; or nil.
local function idle_end(c, until_s)
  local flags = { "F.", "R", "R." }
  return c:seen { flags = flags }[1]
    or c:expect { within = math.max(0.1, until_s - t.now), flags = flags }
end

-- A word on a connection that the server did not close: does it still know it?
local function forgotten(c)
  local state = c:alive()
  if state == "dead" then warn("the connection was given up in silence: a question met a RST") end
  if state == "silent" then warn("the connection went silent: nothing answers any more") end
end

scenario {
  id = "P2",
  title = "when the server closes an idle connection, and what it says before",
  rfc = "RFC 9293 3.6, 3.8.3",
  level = "INFO",
  sends = "nothing for " .. IDLE_S .. " s",
  takes = IDLE_S + 20,
  profile = "full",
  run = function()
    local c = open()
    local started = t.now
    if service.greeting and c.received == 0 then c:answer { within = 3 } end
    local greeted = c.received
    local last = idle_end(c, started + IDLE_S)
    if not last then
      forgotten(c)
      pass("still open after " .. IDLE_S .. " s; not waited for longer")
    end
    local _, text = c:answer { within = 0, settle = 0 }
    text = first_line(text:sub(greeted + 1))
    note("idle_timeout_s", last.time)
    if text ~= "" then note("idle_text", text) end
    local line = string.format("%s after %.1f s", last.flags, last.time)
    if text ~= "" then line = line .. ", with \"" .. text .. "\" before it" end
    if has(last, "R") then app("server-reset: idle timeout, " .. line) end
    pass("server-first: idle timeout, " .. line)
  end,
}

scenario {
  id = "P3",
  title = "when the server closes after a response, and when after part of a request",
  rfc = "RFC 9293 3.6, 3.8.3; RFC 9112 9.5",
  level = "INFO",
  sends = "a request; part of a request; then nothing for " .. IDLE_S .. " s",
  takes = IDLE_S + 30,
  profile = "full",
  needs = "request",
  run = function()
    local kept, part = open(), nil
    kept:write(service.request)
    if service.partial then
      part = fresh()
      part:write(service.partial)
    end
    local started, line, reset = t.now, {}, false
    local function follow(c, what, key)
      local last = idle_end(c, started + IDLE_S)
      if not last then
        forgotten(c)
        line[#line + 1] = what .. ": still open after " .. IDLE_S .. " s"
        return
      end
      local data = last_of(c:seen { data = true, where = function(s) return s ~= last end })
      local seconds = last.time - (data and key == "keepalive_timeout_s" and data.time or 0)
      note(key, seconds)
      reset = reset or has(last, "R")
      line[#line + 1] = string.format("%s: %s after %.1f s", what, last.flags, seconds)
    end
    follow(kept, "after a response", "keepalive_timeout_s")
    if part then follow(part, "after part of a request", "header_timeout_s") end
    line = table.concat(line, "; ")
    if reset then app("server-reset: " .. line) end
    pass(line)
  end,
}

-- What is held, and how long ------------------------------------------------------------------

-- Makes a connection for each age of HOLD_S, by make() -> c, at; asks each at its age, by
-- question(c, at), until one is gone. Returns the greatest age seen held, the least seen gone or
-- nil, and a line; notes both ages by this name.
local function hold(name, make, question)
  local list, held, gone = {}, 0, nil
  for _, age in ipairs(HOLD_S) do
    local c, at = make()
    if c then list[#list + 1] = { c = c, at = at, since = t.now, age = age } else gone = 0 end
    if gone then break end
  end
  for _, one in ipairs(gone and {} or list) do
    wait(one.since + one.age - t.now)
    local reply = question(one.c, one.at)
    local age = t.now - one.since
    if not reply then inconclusive("at " .. age .. " s nothing answered our question") end
    if has(reply, "R") then gone = age else held = age end
    if gone then break end
  end
  note(name .. "_held_s", held)
  if gone then note(name .. "_gone_s", gone) end
  return held, gone, gone and string.format("held for %.1f s, gone at %.1f s", held, gone)
    or string.format("still held after %.1f s", held)
end

scenario {
  id = "P5",
  title = "how long the server keeps FIN-WAIT-2 when no FIN of ours comes",
  rfc = "RFC 9293 3.6 (case 2)",
  level = "MAY",
  sends = "what makes the server close; ACKs; a question after 1 to 120 s, a connection each",
  takes = 180,
  profile = "full",
  run = function()
    local held, gone, line = hold("fin_wait_2", closed_by_server, function(c)
      return still_there(c, c.snd_nxt - 1, ".")
    end)
    if held < 1 then warn(line .. ": a slow client's FIN meets a RST") end
    if gone and held < SHORT_S then
      pass_may(line .. ": an early end is the implementation's choice")
    end
    pass(line)
  end,
}

scenario {
  id = "P7",
  title = "TIME-WAIT answers what comes late",
  rfc = "RFC 9293 3.6.1 (MUST-13), 3.10.7.4; RFC 1337",
  level = "MUST",
  sends = "after a full close: FIN again, data, an old number, ACK, RST exact, RST in the window",
  takes = 30,
  profile = "default",
  run = function()
    local line = {}
    local function gone(what) note("time_wait", "gone"); fail("time-wait-gone: " .. what) end
    local function closed(rst_offset) -- a connection in TIME-WAIT, after such a RST
      local c, at = in_time_wait()
      if not c then gone("our FIN met " .. at.flags .. ", so nothing is kept") end
      if rst_offset then
        for _ = 1, 3 do c:send { flags = "R", seq = at + 1 + rst_offset } end
        wait(0.6)
      end
      return c, at
    end
    local function meets(name, flags, offset, data)
      local c, at = closed()
      local reply = c:ask { flags = flags, seq = at + offset, data = data, count = false,
                            want = { flags = { ".", "R", "R." } } }
      if reply and has(reply, "R") then gone(name .. " met " .. reply.flags) end
      line[#line + 1] = name .. ": " .. (reply and "ACK" or "nothing")
      return reply
    end
    if not meets("FIN again", "F.", 0) then fail("time-wait: our FIN again met silence") end
    meets("data", "P.", 1, "late")
    local old = meets("old number", ".", -1)
    note("time_wait", "held")

    local c = closed()
    local before = #c:seen {}
    for _ = 1, 3 do c:send { flags = "." } end
    c:collect(0.3)
    line[#line + 1] = "ACK: " .. (#c:seen {} > before and "answered" or "nothing")

    local reply = still_there(closed(0))
    line[#line + 1] = "RST exact: " .. (not reply and "silent" or has(reply, "R") and "deleted"
                                        or "ignored, as RFC 1337 says")
    reply = still_there(closed(100))
    line = "time-wait-held; " .. table.concat(line, "; ") .. "; RST in the window: "
      .. (reply and has(reply, "R") and "deleted, as RFC 793 has it" or "ignored")
    if not old then warn(line .. "; an ACK should answer an old number") end
    if reply and has(reply, "R") then pass_may(line) else pass(line) end
  end,
}

scenario {
  id = "P7-length",
  title = "TIME-WAIT lasts for 2MSL",
  rfc = "RFC 9293 3.6.1 (MUST-13)",
  level = "MUST",
  sends = "after a full close our FIN again after 1 to 120 s, a connection each",
  takes = 200,
  profile = "full",
  run = function()
    local held, gone, line = hold("time_wait", in_time_wait, still_there)
    note("time_wait", held > 0 and "held" or "gone")
    if held == 0 then fail("time-wait-gone: " .. line) end
    line = "time-wait-held: " .. line
    if gone and held < SHORT_S - 1 then warn(line .. ": an MSL below 15 s") end
    pass(line)
  end,
}

-- P8 ------------------------------------------------------------------------------------------

-- Name, how far beyond our last number the SYN is, its timestamp in ms from now (false: none).
local SYNS = {
  { "higher, no timestamp", 1000, false }, { "lower, no timestamp", -1000, false },
  { "higher, newer", 1000, 2000 }, { "lower, newer", -1000, 2000 },
  { "higher, older", 1000, -60000 }, { "lower, older", -1000, -60000 },
}

-- What a SYN on the ports of a connection in TIME-WAIT meets: "new", "ACK", "RST", "silence"; and
-- whether that one had timestamps.
local function reuse(variant)
  local c, at = in_time_wait()
  if not c then fail("time-wait-gone: our FIN met " .. at.flags) end
  local options = { mss = 1460, wscale = 7, sack = true, ts = variant[3] and true }
  local reply = c:ask { flags = "S", seq = at + 1 + variant[2], options = options, tries = 4,
                        ts = variant[3] or nil, count = false }
  if not reply then return "silence", c.ts end
  if has(reply, "R") then return "RST", c.ts end
  if not has(reply, "S") then return "ACK", c.ts end
  for _ = 1, 3 do c:send { flags = "R", seq = reply.ack } end
  if reply.seq <= c.rcv_nxt then
    fail(variant[1] .. ": the new ISS " .. reply.seq .. " is not beyond " .. c.rcv_nxt)
  end
  return "new", c.ts
end

scenario {
  id = "P8",
  title = "a SYN may open a connection again whose ports are in TIME-WAIT",
  rfc = "RFC 9293 3.6.1 (MAY-2, SHLD-4), 3.10.7.4 (fourth); RFC 6191",
  level = "SHOULD",
  sends = "after a full close SYNs with higher and lower numbers and timestamps, a connection each",
  takes = 30,
  profile = "full",
  run = function()
    local met, line, stamped = {}, {}, false
    for _, variant in ipairs(SYNS) do
      local word, ts = reuse(variant)
      stamped = stamped or ts
      met[word] = met[word] and met[word] .. ", " .. variant[1] or variant[1]
      line[#line + 1] = variant[1] .. ": " .. word
    end
    line = table.concat(line, "; ")
    local newer = met.new and met.new:find("lower, newer", 1, true)
    note("port_reuse", newer and "higher number or newer timestamp" or met.new and "higher number"
         or "none")
    if met.RST then warn("a SYN met a RST: " .. line) end
    if met.silence then warn("a SYN met silence: " .. line) end
    if stamped and not newer then warn("RFC 6191: a newer timestamp is not enough: " .. line) end
    pass(line)
  end,
}
