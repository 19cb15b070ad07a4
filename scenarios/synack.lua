-- SPDX-License-Identifier: BSD-2-Clause
-- The SYN-ACK alone: when it comes again, and that it is the same one then (H2, H3). On connections
-- without a machine: our SYN is 0, and nothing acknowledges what comes.

scenario {
  id = "H2", level = "MUST", takes = 10, profile = "default",
  title = "the same SYN again meets the same ISS",
  rfc = "RFC 9293 3.10.7.4",
  sends = "SYN, and the same SYN after 50 ms, 300 ms, 600 ms",
  run = function()
    local iss = half_open().raw_seq
    for _, gap in ipairs { 0.05, 0.3, 0.6 } do
      wait(gap)
      send { flags = "S", seq = 0 }
    end
    wait(t.wait)
    local synacks, resets = seen { flags = "S." }, seen { flags = { "R", "R." } }
    if #resets > 0 then fail("a RST answers the repeated SYN") end
    for _, synack in ipairs(synacks) do
      if synack.raw_seq ~= iss then
        fail("another ISS, while half-open: " .. synack.raw_seq .. " after " .. iss)
      end
    end
    pass(string.format("SYN-ACK again %d times after 3 repeated SYNs, always with the same ISS",
      #synacks - 1))
  end,
}

-- When the SYN-ACK came again, in seconds after the first; what the path doubled is left out.
local function repeats(c)
  local times, first = {}, nil
  for _, synack in ipairs(c:seen { flags = "S." }) do
    first = first or synack.time
    local time = synack.time - first
    if time - (times[#times] or 0) > 0.1 then times[#times + 1] = time end
  end
  return times
end

-- Waits until no repeat can be due any more, if gaps double at most. Returns the times of the
-- connection with most of them, it, and whether the others have as many.
local function watch(connections)
  local start, best, times, agree = t.now, nil, {}, nil
  repeat
    wait(1)
    agree = true
    for _, c in ipairs(connections) do
      local others = repeats(c)
      agree = agree and #others == #times
      if #others >= #times then best, times = c, others end
    end
    local gap = #times > 0 and times[#times] - (times[#times - 1] or 0) or 3
  until t.now - start > math.min((times[#times] or 0) + 2.4 * gap + 2, 200)
  return times, best, agree
end

-- As text, and whether they begin at 1 s and double (RFC 6298; a tenth less for the clocks).
local function schedule_of(times)
  local words, good, gap = {}, times[1] >= 0.9, nil
  for number, time in ipairs(times) do
    local next_gap = time - (times[number - 1] or 0)
    local ratio = gap and next_gap / gap or 2
    good = good and ratio >= 1.7 and ratio <= 2.3
    words[number], gap = string.format("%.3f", time), next_gap
  end
  return table.concat(words, " "), good
end

scenario {
  id = "H3", level = "SHOULD", takes = 210, profile = "full",
  title = "an unacknowledged SYN-ACK is repeated after 1 s or later, at doubling intervals",
  rfc = "RFC 6298 2.1; RFC 6298 5.5; RFC 9293 3.8.3 MUST-23",
  sends = "SYN on three connections, then nothing",
  run = function()
    local connections = {}
    for number = 1, 3 do
      local _, c = half_open()
      connections[number] = c
    end
    local times, best, agree = watch(connections)
    if #times == 0 then
      local synack = best:seen({ flags = "S." })[1]
      if synack.wnd == 0 then path("SYN-ACK with window 0, not repeated") end
      warn("SYN-ACK not repeated within 9 s, as with SYN cookies")
    end
    local schedule, good = schedule_of(times)
    local reset = best:ask { flags = ".", seq = 1, ack = 1, tries = 3,
      want = { flags = { "R", "R." } } }
    note("synack_schedule", schedule)
    note("synack_total_s", times[#times])
    note("synack_freed", reset ~= nil)
    local text = string.format("%d repeats after %s s; an ACK %.0f s later: %s", #times, schedule,
      t.now - times[#times], reset and "RST, the state is freed" or "no RST, the state is held")
    if good then pass(text) end
    if not agree then inconclusive(text .. "; other connections saw other numbers of them") end
    warn(text .. "; not 1 s or more at first and doubling then")
  end,
}
