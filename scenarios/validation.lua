-- SPDX-License-Identifier: BSD-2-Clause
-- Validation in synchronized states: which RST, SYN and ACK a server believes (RFC 5961), and what
-- it says to those that it does not. Each variant of a segment has a connection of its own: many
-- stacks send one challenge ACK per connection and half second only.

local COPIES = 5   -- of what meets silence, so that one arrives even where segments are lost
local FAR = 100000 -- octets: more than any window that we offer

-- Part of a request, or what could be one: taken, but not answered.
local function part() return service.partial or "X" end

-- A connection that is ESTABLISHED at the server, too. A lost ACK or a deferred accept leave it in
-- SYN-RECEIVED, where other rules hold; data that are acknowledged show that it is not.
local function established()
  local c = open()
  if service.greeting then c:answer { within = 3, settle = 0.05 } end
  c:write(part())
  if not c:expect { ack_of = c.snd_nxt, within = 8 } then
    inconclusive("part of a request was not acknowledged")
  end
  c:collect(0.05) -- an echo is no answer to what follows
  if c.peer_fin or c.over then inconclusive("the server closed at once") end
  return c
end

-- What a segment meets that asks for an ACK, in one word.
local function reaction(c, segment)
  local taken, state = c.snd_nxt, nil
  local function answers(s)
    return not s.icmp and (has(s, "R") or s.ack and (s.len == 0 or s.ack > taken))
  end
  for try = 1, 5 do
    if try > 1 then c:collect(0.6) end -- Linux: one challenge ACK in half a second
    c:send(segment)
    local reply = c:expect { where = answers }
    if reply and has(reply, "R") then return "reset" end
    if reply and has(reply, "S") then return "synack" end
    if reply and reply.ack > taken then return "taken" end
    state = c:alive()
    if state == "dead" then return "dead" end
    if c:seen { ack_of = taken + 1 }[1] then return "taken" end -- perhaps behind an ACK
    if reply then return "challenge" end
    if state == "silent" then break end
  end
  if state == "alive" then return "ignored" end
  c:write("x") -- keepalive probes are not answered; new data may be
  return c:expect { ack_of = c.snd_nxt, within = 8 } and "ignored" or "silent"
end

-- What a segment meets that asks for silence: words as above, "challenge" for any ACK.
local function unanswered(c, segment)
  for _ = 1, COPIES do c:send(segment) end
  local replies, state = c:collect(t.wait), c:alive()
  local function no_reset(s) return not has(s, "R") end
  if c:seen { ack_of = c.snd_nxt + 1, where = no_reset }[1] then return "taken" end
  for _, reply in ipairs(replies) do
    if not reply.icmp and has(reply, "R") then return "reset" end
    if not reply.icmp and reply.len == 0 then return "challenge" end
  end
  return state == "alive" and "ignored" or state
end

local WORDS = {
  challenge = "challenge ACK",     -- an ACK that takes nothing
  taken = "taken",                 -- an ACK of more than was valid
  synack = "SYN,ACK",
  reset = "RST",                   -- at once
  dead = "connection gone",        -- no RST at once, but the next segment meets one
  ignored = "no answer, alive",
  silent = "no answer to anything",
}

-- Tries each variant on a connection of its own: { name, segment }; `by` is how far seq is from
-- SND.NXT (with `window`: from the window's end), ack_by how far ack is from RCV.NXT. Returns the
-- names of those that met each word, and a line with all.
local function survey(meet, variants)
  local met, line = {}, {}
  for _, variant in ipairs(variants) do
    local name, segment = variant[1], variant[2]
    local c = established()
    segment.seq = segment.seq or c.snd_nxt + (variant.by or 0) + (variant.window and c.snd_wnd or 0)
    if variant.ack_by then segment.ack = c.rcv_nxt + variant.ack_by end
    local word = meet(c, segment)
    if c.peer_fin and word ~= "taken" then inconclusive("the server closed meanwhile") end
    met[word] = met[word] and met[word] .. ", " .. name or name
    line[#line + 1] = name .. ": " .. WORDS[word]
  end
  line = table.concat(line, "; ")
  if met.silent then inconclusive(line) end
  return met, line
end

local function must_live(met, line)
  if met.dead or met.reset or met.synack then fail("it ended the connection; " .. line) end
end

scenario {
  id = "R1",
  title = "RST at exactly the expected number ends the connection",
  rfc = "RFC 9293 3.10.7.4 (second); RFC 5961 3.2",
  sends = "RST with seq = RCV.NXT of the server; then a keepalive-style question",
  level = "MUST", takes = 25, profile = "quick",
  run = function()
    local c, state = established(), nil
    for _ = 1, 4 do
      c:send { flags = "R", seq = c.snd_nxt }
      state = c:alive()
      if state ~= "alive" then break end
    end
    if state == "dead" then pass("gone: the next segment met a RST") end
    if state == "alive" then fail("alive after four exact RSTs") end
    inconclusive("no answer after the RST, so nothing shows whether it was heeded")
  end,
}

scenario {
  id = "R2",
  title = "RST in the window, but not exact, is met with a challenge ACK",
  rfc = "RFC 9293 3.10.7.4 (second); RFC 5961 3.2",
  sends = "RST at RCV.NXT+1, +1000 and the last octet of the window",
  level = "MUST", takes = 40, profile = "quick",
  run = function()
    local met, line = survey(reaction, {
      { "+1", { flags = "R" }, by = 1 }, { "+1000", { flags = "R" }, by = 1000 },
      { "window-1", { flags = "R" }, by = -1, window = true },
    })
    local dead = met.dead or met.reset
    note("rst_validation", dead and "793" or "5961")
    if dead then pass_may("as RFC 793: a guess within the window resets; " .. line) end
    if met.ignored then warn("no challenge ACK to " .. met.ignored .. "; " .. line) end
    pass(line)
  end,
}

scenario {
  id = "R3",
  title = "RST outside of the window is dropped silently",
  rfc = "RFC 9293 3.10.7.4 (first, second); RFC 5961 3.2",
  sends = "RST at RCV.NXT-1, far before it, and 1000 behind the window",
  level = "MUST", takes = 40, profile = "quick",
  run = function()
    local met, line = survey(unanswered, {
      { "-1", { flags = "R" }, by = -1 }, { "-100000", { flags = "R" }, by = -FAR },
      { "window+1000", { flags = "R" }, by = 1000, window = true },
    })
    if met.dead or met.reset then fail("a RST that must not be believed was; " .. line) end
    if met.challenge then warn("an ACK to a RST outside of the window; " .. line) end
    pass(line)
  end,
}

scenario {
  id = "R4",
  title = "RST,ACK with an exact seq: does its ack matter?",
  rfc = "RFC 9293 3.10.7.4 (second)",
  sends = "RST,ACK with seq exact and ack 100000 too new, and too old",
  level = "INFO", takes = 30, profile = "default",
  run = function()
    local met, line = survey(unanswered, {
      { "too new", { flags = "R." }, ack_by = FAR }, { "too old", { flags = "R." }, ack_by = -FAR },
    })
    if met.challenge or met.ignored then pass_may("its ack is looked at; " .. line) end
    pass("its ack does not matter; " .. line)
  end,
}

scenario {
  id = "R5",
  title = "SYN in ESTABLISHED is met with a challenge ACK, and the connection lives",
  rfc = "RFC 9293 3.10.7.4 (fourth); RFC 5961 4.2",
  sends = "SYN: the first one again, exact, in the window, and far outside",
  level = "MUST", takes = 50, profile = "quick",
  run = function()
    local met, line = survey(reaction, {
      { "repeated", { flags = "S", seq = 0 } }, { "exact", { flags = "S" } },
      { "+1000", { flags = "S" }, by = 1000 },
      { "outside", { flags = "S" }, by = FAR, window = true },
    })
    if met.synack or met.taken then fail("a SYN was accepted in ESTABLISHED; " .. line) end
    local gone = (met.dead or "") .. (met.reset or "")
    if gone:find("repeated", 1, true) or gone:find("outside", 1, true) then
      fail("a SYN outside of the window ended the connection; " .. line)
    end
    note("syn_validation", gone == "" and "5961" or "793")
    if gone ~= "" then pass_may("as RFC 793: a SYN in the window ends it; " .. line) end
    if met.ignored then warn("no challenge ACK to " .. met.ignored .. "; " .. line) end
    pass(line)
  end,
}

scenario {
  id = "R6",
  title = "SYN,RST is a RST, SYN,FIN is a SYN",
  rfc = "RFC 9293 3.10.7.4 (second, fourth); RFC 5961 4.2",
  sends = "SYN,RST with seq exact; SYN,FIN with seq exact",
  level = "MUST", takes = 30, profile = "default",
  run = function()
    local rst, rst_line = survey(unanswered, { { "SYN,RST", { flags = "SR" } } })
    local fin, fin_line = survey(reaction, { { "SYN,FIN", { flags = "SF" } } })
    local line = rst_line .. "; " .. fin_line
    if rst.taken or fin.taken or fin.synack then fail("taken as data or a new SYN; " .. line) end
    if rst.challenge then warn("SYN is looked at before RST; " .. line) end
    if rst.ignored or fin.ignored then hardened("such flags are dropped; " .. line) end
    if fin.dead or fin.reset then pass_may("SYN,FIN ends it, as with RFC 793; " .. line) end
    pass(line)
  end,
}

scenario {
  id = "R7",
  title = "ack beyond SND.NXT is met with an ACK, and the segment is dropped",
  rfc = "RFC 9293 3.10.7.4 (fifth), 3.5.2",
  sends = "ACK of 100000 octets never sent, alone and with an octet of data",
  level = "MUST", takes = 30, profile = "quick",
  run = function()
    local met, line = survey(reaction, {
      { "too new", { flags = "." }, ack_by = FAR },
      { "too new with data", { flags = "P.", data = "x" }, ack_by = FAR },
    })
    if met.taken then fail("data with an ack beyond SND.NXT was taken; " .. line) end
    must_live(met, line)
    if met.ignored then warn("no ACK to " .. met.ignored .. "; " .. line) end
    pass(line)
  end,
}

scenario {
  id = "R8",
  title = "ack older than the largest window is discarded, with an ACK",
  rfc = "RFC 9293 3.10.7.4 (fifth, MAY-12); RFC 5961 5.2",
  sends = "ACK far before SND.UNA - MAX.SND.WND, alone and with an octet of data",
  level = "MAY", takes = 30, profile = "default",
  run = function()
    -- With the window as it was, Linux's header prediction now and then takes the data before it
    -- looks at the ack; a blind sender does not know that window.
    local met, line = survey(reaction, {
      { "too old", { flags = ".", wnd = 1000 }, ack_by = -FAR },
      { "too old with data", { flags = "P.", data = "x", wnd = 1000 }, ack_by = -FAR },
    })
    must_live(met, line)
    if met.taken then pass_may("as RFC 793: data with any old ack is taken; " .. line) end
    if met.ignored then pass_may("no challenge ACK to " .. met.ignored .. "; " .. line) end
    pass(line)
  end,
}

scenario {
  id = "R9",
  title = "segments without ACK flag are dropped silently",
  rfc = "RFC 9293 3.10.7.4 (fifth)",
  sends = "data, FIN, nothing at all, and FIN,PSH,URG, each without ACK flag",
  level = "MUST", takes = 50, profile = "default",
  run = function()
    local met, line = survey(unanswered, {
      { "data", { flags = "P", data = "x" } }, { "FIN", { flags = "F" } },
      { "none", { flags = "-" } }, { "FIN,PSH,URG", { flags = "FPU" } },
    })
    if met.taken then fail("taken without ACK flag: " .. met.taken .. "; " .. line) end
    must_live(met, line)
    if met.challenge then warn("an ACK to " .. met.challenge .. "; " .. line) end
    pass(line)
  end,
}

scenario {
  id = "R10",
  title = "what is outside of the window is met with an ACK",
  rfc = "RFC 9293 3.10.7.4 (first), 3.8.4",
  sends = "data behind the window, old data, keepalive probes with and without an octet",
  level = "SHOULD", takes = 90, profile = "default",
  run = function()
    local old = part()
    local met, line = survey(reaction, {
      { "behind the window", { flags = "P.", data = "x" }, by = FAR, window = true },
      { "keepalive", { flags = "." }, by = -1 },
      { "keepalive with an octet", { flags = ".", data = "\0" }, by = -1 },
      { "old data", { flags = "P.", data = old }, by = -#old },
    })
    if met.taken then fail("taken: " .. met.taken .. "; " .. line) end
    must_live(met, line)
    if met.ignored then warn("no ACK to " .. met.ignored .. "; " .. line) end
    pass(line)
  end,
}

-- Sends so many RSTs that ask for a challenge ACK; returns how many came.
local function challenges(c, count, gap)
  local before = #c:seen { flags = ".", len = 0 }
  for _ = 1, count do
    c:send { flags = "R", seq = c.snd_nxt + 100 }
    wait(gap)
  end
  wait(t.wait)
  return #c:seen { flags = ".", len = 0 } - before
end

scenario {
  id = "R11",
  title = "challenge ACKs are limited, for each connection by itself",
  rfc = "RFC 5961 7; CVE-2016-5696",
  sends = "RST in the window: 10 in 0.1 s, 20 in 2 s; then one on each of 30 connections",
  level = "SHOULD", takes = 40, profile = "default",
  run = function()
    local c = established()
    local quick, slow = challenges(c, 10, 0.01), challenges(c, 20, 0.1)
    if quick + slow == 0 then skip("no challenge ACK came: see R2") end
    local own = quick .. " of 10 in 0.1 s, " .. slow .. " of 20 in 2 s"
    note("challenge_limit_per_connection", own)
    local many, answered = {}, 0
    for n = 1, 30 do
      many[n] = fresh()
      if many[n].lossy then inconclusive("segments are lost, so no use to count; " .. own) end
    end
    for _, one in ipairs(many) do one:send { flags = "R", seq = one.snd_nxt + 100 } end
    wait(t.wait)
    for _, one in ipairs(many) do
      if one:seen { flags = ".", len = 0 }[1] then answered = answered + 1 end
    end
    local seen = own .. "; " .. answered .. " of 30 connections"
    if answered < 25 then warn("a limit that connections share tells of others; " .. seen) end
    if quick + slow >= 28 then warn("no limit; " .. seen) end
    pass(seen)
  end,
}

scenario {
  id = "R12",
  title = "a segment with a wrong checksum is dropped silently",
  rfc = "RFC 9293 3.1 (MUST-2, MUST-3)",
  sends = "data, and an exact RST, with wrong checksums",
  level = "MUST", takes = 30, profile = "default",
  run = function()
    local met, line = survey(unanswered, {
      { "data", { flags = "P.", data = "x", bad_checksum = true } },
      { "RST", { flags = "R", bad_checksum = true } },
    })
    if met.taken or met.challenge then fail("a wrong checksum was answered; " .. line) end
    must_live(met, line)
    pass(line)
  end,
}

-- Our FIN is acknowledged, the server's is not; nil if it closed before.
local function our_fin()
  local c = open()
  if service.greeting then c:answer() end
  if c.peer_fin or c.over then return nil end
  c:mute()
  c:ask { flags = "F.", want = { ack_of = c.snd_nxt + 1 } }
  c:collect(0.5)
  return c, c.peer_fin and "LAST-ACK" or "CLOSE-WAIT"
end

-- The server closed first, and its FIN is acknowledged: FIN-WAIT-2; nil if it does not do that.
local GOODBYE = { http = "GET / HTTP/1.0\r\n\r\n", redis = "QUIT\r\n", smtp = "QUIT\r\n" }
local function their_fin()
  local c = open()
  c:write(GOODBYE[service.name] or service.request or "\r\n")
  c:answer()
  c:collect(0.2)
  return c.peer_fin and c or nil
end

scenario {
  id = "R13",
  title = "an exact RST ends closing states, too",
  rfc = "RFC 9293 3.10.7.4 (second, fourth); RFC 1337",
  sends = "exact RST in LAST-ACK or CLOSE-WAIT, FIN-WAIT-2, TIME-WAIT; SYN in FIN-WAIT-2",
  level = "MUST", takes = 60, profile = "default",
  run = function()
    local lines, wrong = {}, nil
    local function reset(c, state)
      for _ = 1, COPIES do c:send { flags = "R", seq = c.snd_nxt } end
      local is = c:alive()
      lines[#lines + 1] = state .. ": " .. (is == "dead" and "gone" or is)
      if is == "alive" and state ~= "TIME-WAIT" then wrong = state end -- there RFC 1337 allows it
    end
    local c, state = our_fin()
    if c and not c.reset then reset(c, state) end
    c = their_fin()
    if c then reset(c, "FIN-WAIT-2") end
    c = c and their_fin()
    if c then
      local word = reaction(c, { flags = "S", seq = c.snd_nxt })
      lines[#lines + 1] = "SYN in FIN-WAIT-2: " .. WORDS[word]
      if word == "synack" then wrong = "FIN-WAIT-2 (SYN)" end
    end
    c = c and their_fin()
    if c then
      c:fin()
      c:expect { ack_of = c.snd_nxt, within = 8 }
      reset(c, "TIME-WAIT")
    end
    local line = table.concat(lines, "; ")
    if wrong then fail("not ended in " .. wrong .. "; " .. line) end
    if not line:find("gone", 1, true) then inconclusive("no closing state reached; " .. line) end
    pass(line)
  end,
}
