-- SPDX-License-Identifier: BSD-2-Clause
-- The data path, as far as it concerns who tests handshakes: zero windows, keepalive, urgent data,
-- repeats of unacknowledged data, delayed acknowledgments.

local WATCH = 120 -- seconds for which a schedule is watched

-- A connection on which what the server says by itself is over.
local function settled(options)
  local c = open(options)
  if service.greeting then c:answer { within = 3 } end
  return c
end

-- Without those that the path doubled.
local function distinct(copies)
  local list = {}
  for _, s in ipairs(copies) do
    if #list == 0 or s.time - list[#list].time > 0.02 then list[#list + 1] = s end
  end
  return list
end

-- When the copies came, in seconds since the first of them; and the first and the last gap.
local function schedule(copies)
  local times, first, last = {}, 0, 0
  for n = 2, #copies do
    times[n - 1] = string.format("%.3f", copies[n].time - copies[1].time)
    last = copies[n].time - copies[n - 1].time
    if n == 2 then first = last end
  end
  return table.concat(times, " "), first, last
end

-- Copies that the path loses make gaps longer, not equal.
local function grows(copies)
  local _, first, last = schedule(copies)
  return #copies < 4 or last > 2 * first
end

local function is_reset(s) return not s.icmp and has(s, "R") end

scenario {
  id = "D1",
  title = "a zero window is probed, less and less often, and the connection is kept",
  rfc = "RFC 9293 3.8.6.1 (MUST-36, MUST-37, SHLD-29, SHLD-30)",
  sends = "a request with window 0; each probe is acknowledged, for 120 s; then the window opens",
  level = "MUST", takes = 145, profile = "full", needs = "request",
  run = function()
    local c = open { window = 0 }
    c:write(service.request)
    local asked = c:expect { ack_of = c.snd_nxt, within = 8 }
    if not asked then inconclusive("the request was not acknowledged") end
    local reset = c:expect { where = is_reset, within = WATCH }
    local probes = distinct(c:seen { where = function(s)
      return not s.icmp and s.time > asked.time and (s.seq < c.rcv_nxt or s.len > 0)
    end })
    local times, first = schedule(probes)
    note("zero_window_schedule", times)
    local seen = "no probe"
    if #probes > 0 then
      seen = string.format("%d probes, the first %.3f s after the request, then +%s s", #probes,
                           probes[1].time - asked.time, times)
    end
    if reset then warn(string.format("%s; reset after %.1f s", seen, reset.time)) end
    local data = c:ask { flags = ".", seq = c.snd_nxt, wnd = 500, want = { data = true } }
    if not data then inconclusive(seen .. "; no data when the window opened") end
    if #probes == 0 then fail("no probe in 120 s, though data waited for the window") end
    if not grows(probes) then warn("the gaps do not grow from " .. first .. " s; " .. seen) end
    pass(seen)
  end,
}

scenario {
  id = "D2",
  title = "a keepalive probe is acknowledged, with an octet and without",
  rfc = "RFC 9293 3.8.4, 3.10.7.4 (first)",
  sends = "seq = SND.NXT-1 with no data; the same with one octet",
  level = "SHOULD", takes = 40, profile = "default",
  run = function()
    local c = settled()
    local lines, unanswered = {}, {}
    for _, probe in ipairs { { "without data" }, { "with an octet", "\0" } } do
      local name, data = probe[1], probe[2]
      local reply = c:ask { flags = ".", seq = c.snd_nxt - 1, data = data,
                            want = { flags = { ".", "R", "R." }, len = 0 } }
      if reply and has(reply, "R") then fail(name .. ": a RST") end
      if reply and reply.ack ~= c.snd_nxt then
        fail(name .. ": acknowledges " .. reply.ack .. ", not " .. c.snd_nxt)
      end
      lines[#lines + 1] = reply and string.format("%s: ACK after %.3f ms", name, reply.dt * 1000)
      if not reply then unanswered[#unanswered + 1] = name end
    end
    if #unanswered == 0 then pass(table.concat(lines, "; ")) end
    c:write("x")
    if not c:expect { ack_of = c.snd_nxt, within = 8 } then
      inconclusive("neither probes nor data were answered")
    end
    warn("data is acknowledged, but no keepalive probe " .. table.concat(unanswered, ", "))
  end,
}

scenario {
  id = "D3",
  title = "does the server send keepalive probes, and when does it give up?",
  rfc = "RFC 9293 3.8.4 (MUST-25, MUST-28)",
  sends = "nothing, for 100 s; after a first probe, which is answered, no answers any more",
  level = "INFO", takes = 220, profile = "full",
  run = function()
    local c = settled()
    local function probe(s)
      return not s.icmp and s.seq < c.rcv_nxt and s.len <= 1 and s.flags == "."
    end
    local function probe_or_end(s)
      return probe(s) or not s.icmp and (has(s, "F") or has(s, "R"))
    end
    local idle_from = t.now
    local first = c:expect { where = probe_or_end, within = 100 }
    local idle = t.now - idle_from
    if not first then pass("no keepalive probe in 100 s") end
    if not probe(first) then
      pass(string.format("closed by the server after %.1f s; no keepalive probe until then", idle))
    end
    note("keepalive_s", math.floor(idle * 10 + 0.5) / 10)
    wait(0.1)
    c:mute()
    local reset = c:expect { where = is_reset, within = 100 }
    local after = distinct(c:seen { where = function(s)
      return probe(s) and s.time > first.time
    end })
    app(string.format("a probe after %.1f s; unanswered: %d more, %s", idle, #after, reset and
        string.format("then a RST %.1f s after the first", reset.time - first.time) or "no RST"))
  end,
}

scenario {
  id = "D4",
  title = "urgent data is acknowledged, and stalls nothing",
  rfc = "RFC 9293 3.8.5 (MUST-30, MUST-31)",
  sends = "a request with URG: pointer to its first octet, its last, and beyond, a connection each",
  level = "MUST", takes = 40, profile = "default", needs = "request",
  run = function()
    local lines, stalled, reset = {}, false, false
    for _, pointer in ipairs { 1, #service.request, #service.request + 1000 } do
      local c = settled()
      local from, upto = c.snd_nxt, c.snd_nxt + #service.request
      local function heard(s) return not s.icmp and (has(s, "R") or s.ack and s.ack >= upto) end
      local reply = c:ask { flags = "PU.", urp = pointer, data = service.request,
                            want = { where = heard } }
      c:collect(0.3)
      local line = "answered with " .. c.received .. " octets"
      if c.received == 0 then line = "acknowledged" end
      if c.reset and c.received == 0 then line, reset = "reset", true end
      if not reply then
        line = "not acknowledged"
        stalled = stalled or c:ask { flags = ".", seq = from - 1, want = { flags = "." } }
      end
      lines[#lines + 1] = "pointer " .. pointer .. ": " .. line
    end
    local line = table.concat(lines, "; ")
    if stalled then fail("still alive, but urgent data stalls; " .. line) end
    if not fresh { try = true } then fail("no connection any more; " .. line) end
    if reset then warn(line) end
    if line:find("not ack", 1, true) then inconclusive(line) end
    pass(line)
  end,
}

scenario {
  id = "D5",
  title = "unacknowledged data is sent again, less and less often, for 100 s at least",
  rfc = "RFC 9293 3.8.1, 3.8.3 (SHLD-10, SHLD-11); RFC 6298 5",
  sends = "a request; nothing is acknowledged for 120 s",
  level = "MUST", takes = 145, profile = "full", needs = "request",
  run = function()
    local c = settled()
    local from = c.rcv_nxt
    c:mute()
    if not c:ask { flags = "P.", ack = from, data = service.request, want = { data = true } } then
      inconclusive("the request was not answered")
    end
    local reset = c:expect { where = is_reset, within = WATCH }
    local copies = distinct(c:seen { seq = from, data = true })
    local times, first, last = schedule(copies)
    note("unacked_schedule", times)
    local seen = string.format("sent again after %s s", times)
    if reset then app(string.format("%s; reset after %.1f s", seen, reset.time)) end
    local state = c:alive()
    seen = seen .. "; then " .. state
    if #copies < 2 and state == "alive" then fail("never sent again in 120 s") end
    if #copies < 2 then inconclusive("nothing more was heard") end
    if not grows(copies) then warn("the gaps do not grow from " .. first .. " s; " .. seen) end
    -- what has stopped would have gone on, at the latest, after twice the last gap
    local given_up = copies[#copies].time - copies[1].time + 2 * last
    if state == "dead" and given_up < 100 then
      warn(string.format("given up after %.1f s at most; %s", given_up, seen))
    end
    pass(seen)
  end,
}

scenario {
  id = "D6",
  title = "a lone segment is acknowledged within half a second",
  rfc = "RFC 9293 3.8.6.3 (MUST-40)",
  sends = "a request; when it is answered, part of another, octet by octet",
  level = "MUST", takes = 60, profile = "default", needs = "partial",
  run = function()
    local c = settled()
    -- a stack may delay more once there are answers, which could carry the ACK
    if service.request and not service.greeting then c:request() end
    if c.peer_fin or c.over then c = settled() end
    local count, late, longest = 0, 0, 0
    for n = 1, #service.partial do
      local upto = c.snd_nxt + 1
      local octet = service.partial:sub(n, n)
      c:send { flags = "P.", data = octet }
      local ack = c:expect { ack_of = upto, within = 2 }
      if ack then
        local delay = ack.dt - (c.rtt or 0)
        count, longest = count + 1, math.max(longest, delay)
        if delay > 0.5 then late = late + 1 end
      else -- lost, so its time is unknown
        ack = c:ask { flags = "P.", seq = upto - 1, data = octet, want = { ack_of = upto } }
      end
      if not ack then break end
    end
    if count == 0 then inconclusive("no acknowledgment came within 2 s") end
    note("delayed_ack_ms", math.floor(longest * 1000 + 0.5))
    local seen = string.format("%d segments, the longest wait %.0f ms", count, longest * 1000)
    if late > 1 then fail(late .. " ACKs took longer than 500 ms; " .. seen) end
    if late == 1 then warn("one ACK took longer than 500 ms; " .. seen) end
    pass(seen)
  end,
}
