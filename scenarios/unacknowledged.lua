-- SPDX-License-Identifier: BSD-2-Clause
-- FINs that nobody acknowledges: the server's, by us. It stays in LAST-ACK where we closed first
-- (C4, C5, C7), in FIN-WAIT-1 where it did (P6), or goes to CLOSING (P9).

local APP_S = 10    -- within which an application should have closed after our FIN
local WATCH_S = 180 -- how long a schedule is watched
local ONCE_S = 30   -- after which a FIN that was not repeated never is
local R2_S = 100    -- RFC 9293 3.8.3, SHLD-11: not to be given up earlier

-- Our FIN on a muted connection: the server's own FIN stays unacknowledged, so that it is in
-- CLOSE-WAIT or LAST-ACK afterwards. Returns our FIN's number, and the one to acknowledge.
local function fin_unanswered(c)
  local at, upto = c.snd_nxt, c.rcv_nxt
  c:mute()
  local reply = c:ask { flags = "F.", ack = upto, want = { where = answers_fin(at) } }
  if not reply then inconclusive("our FIN was not acknowledged in five tries: see C1") end
  if has(reply, "R") then app("reset: our FIN met a RST, so that nothing is left to ask") end
  return at, upto
end

-- Acknowledges by hand the server's data, which have come up to `upto`, after segment s, but never
-- its FIN, nor data on the same segment. Returns the number up to which they have come now. A copy
-- of what was acknowledged shows that our ACK was lost.
local function acknowledge(c, upto, s)
  local before = upto
  for _, one in ipairs(c:seen { data = true }) do
    if one.seq <= upto and not has(one, "F") then upto = math.max(upto, one.seq + one.len) end
  end
  if upto > before or has(s, "S") or s.len > 0 and not has(s, "F") then
    c:send { flags = ".", ack = upto }
  end
  return upto
end

-- A muted connection on which the server has sent its FIN first; its data are acknowledged, its FIN
-- is not. Returns the connection, the number to acknowledge, and the one that would end it.
local function server_closes()
  local c = open { third = false }
  local last, upto = service.goodbye or service.request, 1
  c:send { flags = "." }
  local greeting = service.greeting and c:expect { data = true, within = 3 }
  if greeting then upto = acknowledge(c, upto, greeting) end
  if last then
    c:ask { flags = "P.", data = last, ack = upto, want = { ack_of = c.snd_nxt + #last } }
  end
  local deadline, looked_at = t.now + 4, 1
  repeat
    local list = c:seen { where = function(s) return not s.icmp end }
    for i = looked_at + 1, #list do upto = acknowledge(c, upto, list[i]) end
    looked_at = #list
    for _, s in ipairs(list) do
      if has(s, "R") then app("server-reset: it closes by " .. s.flags) end
      if has(s, "F") and s.seq == upto then return c, upto, s.seq + s.len + 1 end
    end
    c:expect { within = 0.5 }
  until t.now > deadline
  skip("the server does not close first, whatever it is asked")
end

-- Schedules -----------------------------------------------------------------------------------

-- How each gap may follow from the one before, which was `unit`: { gap / unit, new unit / unit }.
-- Doubled (RFC 6298 5.5); or one or two copies were lost on the way, and gaps run together. The
-- first ones may be alike: a probe for a lost tail comes before the timer (RFC 8985 7); or the
-- first is short, where timers are coarse.
local LATER = { { 2, 2 }, { 6, 4 }, { 14, 8 } }
local FIRST = { { 2, 2 }, { 2.3, 2.3 }, { 1, 1 }, { 3, 2 }, { 7, 4 }, { 4 / 3, 4 / 3 }, { 6, 4 } }
local JITTER_S = 0.05
local LONGEST = 55 -- seconds; from 60 s on a timer need not double any more

local function doubles(gaps)
  local unit = gaps[1]
  for i = 2, #gaps do
    local found_one = gaps[i] > LONGEST and unit > LONGEST
    for _, step in ipairs(i == 2 and FIRST or LATER) do
      local fit = unit * step[1]
      if not found_one and math.abs(gaps[i] - fit) < 0.15 * fit + JITTER_S then
        unit, found_one = gaps[i] / step[1] * step[2], true
      end
    end
    if not found_one then return false end
  end
  return true
end

-- How long nothing may come before we ask: until the next copy is nearly due, so that questions
-- disturb little; then again and again.
local function patience(w, now)
  if w.asked then return math.max(0.6, (now - w.began) / 30) end
  return w.gap and math.max(1, 1.4 * w.gap) or 3
end

-- Leaves the server's FIN unacknowledged. Questions tell whether it still knows the connection
-- (ACK) or has given up (RST): an old octet each, as empty ones are duplicate ACKs (RFC 5681 2).
local function withhold(c, upto)
  local w = { began = t.now, times = {}, gaps = {} }
  local function any(s) return not s.icmp end
  repeat
    local s = c:expect { within = patience(w, t.now), where = any }
    if not s then
      c:send { flags = ".", seq = c.snd_nxt - 1, ack = upto, data = "\0", count = false }
      w.asked = true
    elseif has(s, "R") then
      w.gone, w.own_reset = s.time, s.dt > 0.3 + (t.rtt or 0)
    else
      if has(s, "F") then
        w.gap = w.copy and s.time - w.copy
        w.copy, w.asked = s.time, false
      end
      w.alive = s.time
      upto = acknowledge(c, upto, s)
    end
  until w.gone or t.now - w.began > (#c:seen { flags = "F." } > 1 and WATCH_S or ONCE_S)
  local latest
  for _, s in ipairs(c:seen { flags = "F." }) do
    if not latest or s.time - latest > JITTER_S then -- closer ones were doubled
      w.first = w.first or s.time
      if latest then w.gaps[#w.gaps + 1] = s.time - latest end
      w.times[#w.times + 1] = string.format("%.3f", s.time - w.first)
      latest = s.time
    end
  end
  return w
end

-- Ends the scenario by the verdict on such a schedule; notes it by this name.
local function judge_schedule(w, key)
  local copies = table.concat(w.times, " ", 1, math.min(#w.times, 20))
  if #w.times > 20 then copies = copies .. " ..." end
  local line = #w.times .. " copies of its FIN, at " .. copies .. " s"
  note(key, copies)
  if #w.gaps == 0 then fail("its FIN, which is not acknowledged, is never repeated") end
  if not w.gone then
    line = line .. "; still there after " .. WATCH_S .. " s"
  else
    local from, to = w.alive - w.first, w.gone - w.first
    line = line .. string.format("; given up between %.1f and %.1f s", from, to)
    if w.own_reset then line = line .. ", with a RST" end
    if to < R2_S then warn(line .. ": earlier than the " .. R2_S .. " s of SHLD-11") end
  end
  if not doubles(w.gaps) then warn(line .. ": the gaps do not double") end
  pass(line)
end

-- Scenarios -----------------------------------------------------------------------------------

scenario {
  id = "C4",
  title = "text after our FIN is ignored",
  rfc = "RFC 9293 3.10.7.4 (seventh)",
  level = "MUST",
  sends = "FIN, then five octets behind it; the server's FIN is not acknowledged meanwhile",
  takes = 20,
  profile = "default",
  run = function()
    local c = ready()
    local at, upto = fin_unanswered(c)
    local function reacts(s) return has(s, "R") or s.ack ~= nil and s.ack > at + 1 end
    for _ = 1, 3 do
      c:send { flags = "P.", seq = at + 1, ack = upto, data = "later", count = false }
      local reply = c:expect { within = 0.4, where = reacts }
      if reply and not has(reply, "R") then fail("text behind our FIN was acknowledged") end
      if reply then warn("text behind our FIN met " .. reply.flags .. " after " .. ms(reply.dt)) end
    end
    pass("ignored: neither taken nor met with a RST")
  end,
}

scenario {
  id = "C5",
  title = "each copy of our FIN is acknowledged again",
  rfc = "RFC 9293 3.10.7.4 (first, eighth)",
  level = "MUST",
  sends = "FIN, and three copies of it; the server's FIN is not acknowledged meanwhile",
  takes = 30,
  profile = "default",
  run = function()
    local c = ready()
    local at, upto = fin_unanswered(c)
    -- the server's own FIN comes again, too: only a quick one is an answer
    local function answers(s)
      return has(s, "R") or s.ack ~= nil and s.ack > at
        and (not has(s, "F") or s.dt < 0.05 + 1.5 * (t.rtt or 0))
    end
    local slowest, sent = 0, 0
    for copy = 1, 3 do
      wait(0.6) -- a server may limit such answers to one in half a second
      local reply, tries = c:ask { flags = "F.", seq = at, ack = upto, want = { where = answers } }
      sent = sent + tries
      if not reply then fail("copy " .. copy .. " of our FIN met silence, five times") end
      if has(reply, "R") then
        inconclusive("a copy of our FIN met " .. reply.flags .. ": the server gave up meanwhile")
      end
      slowest = math.max(slowest, reply.dt)
    end
    pass(string.format("%d copies, each of 3 acknowledged within %s", sent, ms(slowest)))
  end,
}

scenario {
  id = "C7",
  title = "a FIN of the server's that is not acknowledged is repeated, ever more slowly, for 100 s",
  rfc = "RFC 6298 5.5; RFC 9293 3.8.3 (SHLD-11)",
  level = "MUST",
  sends = "FIN, but no ACK of the server's FIN; now and then a keepalive-style question",
  takes = 240,
  profile = "full",
  run = function()
    local c = ready()
    local _, upto = fin_unanswered(c)
    local deadline = t.now + APP_S
    while #c:seen { flags = "F." } == 0 do
      if t.now > deadline then
        app("held-open: the application did not close within " .. APP_S .. " s of our FIN")
      end
      local s = c:expect { within = 1, where = function(any) return not any.icmp end }
      if s then upto = acknowledge(c, upto, s) end
    end
    local w = withhold(c, upto)
    if w.gone then note("last_ack_total_s", w.gone - w.first) end
    judge_schedule(w, "last_ack_schedule")
  end,
}

scenario {
  id = "P6",
  title = "a FIN of a server that closed first is repeated, ever more slowly, for 100 s",
  rfc = "RFC 6298 5.5; RFC 9293 3.8.3 (SHLD-11)",
  level = "MUST",
  sends = "what makes the server close, but no ACK of its FIN; now and then a question",
  takes = 240,
  profile = "full",
  run = function()
    local c, upto = server_closes()
    local w = withhold(c, upto)
    if w.gone then note("fin_wait_1_total_s", w.gone - w.first) end
    judge_schedule(w, "fin_wait_1_schedule")
  end,
}

scenario {
  id = "P9",
  title = "FINs that cross: ours is acknowledged, its own repeated, and TIME-WAIT follows",
  rfc = "RFC 9293 3.6 (figure 13), 3.10.7.4 (fifth, eighth), MUST-13",
  level = "MUST",
  sends = "FIN that does not acknowledge the server's; then the ACK; then our FIN again",
  takes = 30,
  profile = "default",
  run = function()
    local c, upto, fin_end = server_closes()
    local at = c.snd_nxt
    local acked = c:ask { flags = "F.", ack = upto, want = { where = answers_fin(at) } }
    if not acked then fail("our FIN, which crossed the server's, was never acknowledged") end
    if has(acked, "R") then app("our FIN met " .. acked.flags .. ": the application aborted") end
    local again = has(acked, "F") and acked or c:expect { flags = "F.", within = 6 }
    if not again then fail("the server's unacknowledged FIN is not repeated within 6 s") end
    local reply
    for _ = 1, 3 do
      c:send { flags = ".", ack = fin_end }
      wait(0.1)
      reply = c:ask { flags = "F.", seq = at, ack = fin_end, tries = 2,
                      want = { flags = { ".", "R", "R." } } }
      if reply then break end
    end
    local line = string.format("our FIN met %s after %s, its own came again", acked.flags,
                               ms(acked.dt))
    if not reply then fail(line .. "; then our FIN again met silence: no TIME-WAIT") end
    if has(reply, "R") then fail(line .. "; then our FIN again met " .. reply.flags
                                 .. ": time-wait-gone") end
    pass(line .. "; then TIME-WAIT: our FIN again met an ACK")
  end,
}
