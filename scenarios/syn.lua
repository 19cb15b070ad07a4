-- SPDX-License-Identifier: BSD-2-Clause
-- What else a SYN shows: cookies, odd options, reserved bits, initial sequence numbers, and the IP
-- header of what comes back (N8 .. N12).

local MSS = "\2\4\5\180" -- 1460
local SACK_WSCALE = "\1\1\4\2\1\3\3\7"
local TIMESTAMPS = "\1\1\8\10\1\2\3\4\0\0\0\0"
local MODULUS = 4294967296 -- of sequence numbers

-- N8 ------------------------------------------------------------------------------------------

local PRESSURE = 300 -- half-open connections
local MOVED = 1000000 -- out of any window of a connection that is half-open

-- What a second SYN meets, MOVED further on, from the same port while the first is half-open. A
-- server with a cookie has forgotten the first: a SYN-ACK at once, its number MOVED on, too.
-- press() is called before each SYN.
local function second_syn(press)
  local c, first
  for _ = 1, 4 do
    c = fresh { syn = false }
    press()
    c:send { flags = "S" }
    first = c:expect()
    if first then break end
    c:abort()
  end
  if not is_synack(first) then return nil, name_of(first) end
  local second = c:ask { flags = "S", seq = MOVED, tries = 3, want = {
    where = function(s) return s.icmp or s.ack ~= 1 or not has(s, "S") end } }
  c:send { flags = "R", seq = MOVED + 1 }
  c:abort()
  local cookie = is_synack(second) and second.ack == MOVED + 1
    and (second.raw_seq - first.raw_seq) % MODULUS == MOVED
  return cookie, name_of(second)
end

-- Is a SYN-ACK that we leave alone sent again? A cookie is not: nobody remembers it.
local function repeated(press)
  press()
  local c = open { third = false }
  return c:expect { flags = "S.", where = function(s) return s.time > c.synack.time end,
                    within = 4 } ~= nil
end

-- Options that only timestamps have room for in a cookie: gone without them?
local function forgetful(press)
  press()
  local with = syn { options = MSS .. SACK_WSCALE .. TIMESTAMPS }
  local without = syn { options = MSS .. SACK_WSCALE }
  return is_synack(with) and is_synack(without) and with.options.sack and with.options.wscale
    and not without.options.sack and not without.options.wscale
end

-- Half-open connections; returns press(), which sends all their SYNs again: under pressure a
-- server soon forgets the older ones.
local function pressure(count)
  local half_open = {}
  for n = 1, count do half_open[n] = fresh { syn = false } end
  return function()
    for _, c in ipairs(half_open) do c:send { flags = "S", seq = 0 } end
  end
end

-- The verdict on what second_syn(press) saw; press() is called before what else is looked at.
local function judge_cookie(cookie, met, press, under)
  if not cookie then pass("no cookie" .. under .. ": a second SYN meets " .. met) end
  local said = "a second SYN" .. under .. " meets a SYN-ACK moved on exactly as it, by " .. MOVED
  local again, forgot = repeated(press), forgetful(press)
  if again and not forgot then inconclusive(said .. ", but it is sent again: no cookie") end
  note("cookies", true)
  if not again then said = said .. "; it is not sent again" end
  if forgot then said = said .. "; no SACK, no window scale without timestamps" end
  pass("open-cookie: " .. said)
end

scenario {
  id = "N8",
  title = "SYN cookies: is a half-open connection remembered?",
  rfc = "RFC 4987 3.6",
  level = "INFO",
  sends = "a second SYN while the first is half-open",
  takes = 30,
  profile = "default",
  run = function()
    local function press() end
    local cookie, met = second_syn(press)
    if cookie == nil then inconclusive("a SYN meets " .. met) end
    judge_cookie(cookie, met, press, "")
  end,
}

scenario {
  id = "N8-pressure",
  title = "SYN cookies: a full backlog keeps no new connection out",
  rfc = "RFC 4987 3.6",
  level = "INFO",
  sends = PRESSURE .. " SYNs, and a second one on a connection that is half-open",
  takes = 30,
  profile = "default",
  intrusive = true,
  run = function()
    local plain, without = syn {}
    if not is_synack(plain) then inconclusive("a SYN meets " .. name_of(plain)) end
    without:abort()
    local press = pressure(PRESSURE)
    local cookie, met = second_syn(press)
    if cookie == nil then
      warn("with " .. PRESSURE .. " half-open connections a SYN meets " .. met)
    end
    judge_cookie(cookie, met, press, " under pressure")
  end,
}

-- N9 ------------------------------------------------------------------------------------------

-- A name, the octets, and whether their length is wrong (a RST is an answer then, too).
local ODD = {
  { "unknown kind 253", MSS .. "\253\6odd!" },
  { "unknown kind 200, no value", MSS .. "\200\2" },
  { "only the end of the list", "\0" },
  { "options behind the end of the list", "\0" .. MSS .. "\253\255\1" },
  { "40 octets of nothing", ("\1"):rep(40) },
  { "MSS twice", MSS .. MSS },
  { "MPTCP", MSS .. "\30\4\1\129" },
  { "TCP-AO", MSS .. "\29\16\1\1twelve bytes" },
  { "length 0", MSS .. "\253\0\1\1", true },
  { "length 1", MSS .. "\253\1\1\1", true },
  { "length beyond the end", MSS .. "\253\40\1\1", true },
  { "MSS of length 3", "\2\3\5\1", true },
}

scenario {
  id = "N9",
  title = "options that it does not know are ignored, those of a wrong length do no harm",
  rfc = "RFC 9293 3.1 (MUST-6, MUST-7)",
  level = "MUST",
  sends = "SYNs with unknown, malformed, repeated options, MPTCP, TCP-AO, MD5",
  takes = 25,
  profile = "default",
  run = function()
    local resets = ""
    for _, odd in ipairs(ODD) do
      local name, options, wrong = table.unpack(odd)
      local what = { options = options }
      local answer, c = syn(what)
      if c then c:abort() end
      if not is_synack(answer) then
        local reset = answer and not answer.icmp and has(answer, "R")
        if not (reset and wrong) then
          blame((reset or wrong) and warn or fail, "SYN with " .. name, what, answer)
        end
        resets = resets .. ", RST for " .. name
      end
    end
    local signed = fresh { syn = false }
    local answer = signed:ask { flags = "S", tries = 2, want = {},
                                options = MSS .. "\1\1\19\18sixteen octets.." }
    if not control() then inconclusive("a plain handshake does not work afterwards") end
    pass(#ODD .. " kinds of odd options" .. (resets == "" and ": always a SYN-ACK" or resets)
         .. "; MD5 signature: " .. name_of(answer))
  end,
}

-- N10 -----------------------------------------------------------------------------------------

scenario {
  id = "N10",
  title = "the reserved bits of the header are ignored, and sent as zero",
  rfc = "RFC 9293 3.1",
  level = "MUST",
  sends = "SYN with the three reserved bits; the same bits in ESTABLISHED",
  takes = 15,
  profile = "default",
  run = function()
    local odd = { reserved = 7 }
    local answer, raw = syn(odd)
    note("reserved_syn", name_of(answer))
    if not is_synack(answer) then blame(fail, "SYN with reserved bits", odd, answer) end
    raw:abort()
    if answer.reserved ~= 0 then warn("reserved bits " .. answer.reserved .. " in the SYN-ACK") end

    local c = open()
    local later = c:ask { flags = ".", seq = c.snd_nxt - 1, reserved = 7, want = { flags = "." } }
    if not later then
      local state = c:alive()
      if state == "alive" then fail("SYN-ACK, but no ACK of a segment with reserved bits") end
      inconclusive("ignored in the SYN; later the connection is " .. state)
    end
    if later.reserved ~= 0 then warn("reserved bits " .. later.reserved .. " in an ACK") end
    pass("ignored in the SYN and later")
  end,
}

-- N11 -----------------------------------------------------------------------------------------

-- A SYN-ACK to a SYN with this number from c's port. What the connection before left half-open
-- there (our RST was lost) is acknowledged: then it is reset again.
local function next_synack(c, ours)
  for _ = 1, 4 do
    local answer = c:ask { flags = "S", seq = ours, tries = 2, want = { flags = { "S.", "." },
      where = function(s) return not has(s, "S") or s.ack == ours + 1 end } }
    if answer then
      c:send { flags = "R", seq = answer.ack }
      if has(answer, "S") then return answer end
    end
  end
end

-- 12 connections with the same ports and addresses: by how much the numbers move, and per us.
local function same_tuple()
  local c, steps, follows, back = fresh { syn = false }, {}, 0, 0
  local before, elapsed, moved, ours = nil, 0, 0, 0
  for _ = 1, 12 do
    local added = math.random(1000000, 9000000)
    ours = ours + added
    local synack = next_synack(c, ours)
    if synack and before then
      local step = (synack.raw_seq - before.raw_seq) % MODULUS
      steps[#steps + 1], moved = step, moved + step
      elapsed = elapsed + synack.time - before.time
      if step == added then follows = follows + 1 end
      if step >= MODULUS / 2 then back = back + 1 end
    end
    before = synack
    wait(0.01 + math.random() * 0.03) -- or a clock would make equal steps, too
  end
  return { steps = steps, follows = follows, back = back, rate = moved / elapsed / 1e6 }
end

-- Many connections in a row, each from its own port: by how much the number moves.
local function other_ports(count)
  local steps, before = {}, nil
  for _ = 1, count do
    local c = fresh { syn = false }
    local synack = c:ask { flags = "S", tries = 4, want = { flags = "S." } }
    c:abort()
    if synack and before then steps[#steps + 1] = (synack.raw_seq - before) % MODULUS end
    before = synack and synack.raw_seq or before
  end
  return steps
end

-- Of steps: how often the most frequent one comes, how many are 0 or small, their GCD.
local function statistics(steps)
  local times, result = {}, { most = 0, small = 0, gcd = 0 }
  for _, step in ipairs(steps) do
    times[step] = (times[step] or 0) + 1
    if times[step] > result.most then result.most, result.often = times[step], step end
    if step < 1 << 26 then result.small = result.small + 1 end
    local a, b = result.gcd, step
    while b ~= 0 do a, b = b, a % b end
    result.gcd = a
  end
  return result
end

scenario {
  id = "N11",
  title = "initial sequence numbers grow with time, and cannot be guessed from another port",
  rfc = "RFC 9293 3.4.1 (MUST-8, MUST-9, SHLD-1); RFC 6528",
  level = "MUST",
  sends = "12 SYNs from one port, each reset; 30 half-open connections, each reset",
  takes = 40,
  profile = "default",
  run = function()
    local same, steps = same_tuple(), other_ports(30)
    if #same.steps < 6 or #steps < 15 then inconclusive("too few of our SYNs were answered") end
    local found_out, again = statistics(steps), statistics(same.steps)
    note("isn_gcd", found_out.gcd)
    local said = string.format("other ports: GCD of %d steps %d", #steps, found_out.gcd)
    if found_out.most > #steps / 3 then
      fail(string.format("%s; %d times the same step, %d", said, found_out.most, found_out.often))
    end
    if found_out.small > #steps * 3 / 4 then
      fail(said .. "; " .. found_out.small .. " of them are small: the next one can be guessed")
    end
    if same.follows > #same.steps / 2 then
      pass(said .. "; same port: it follows our number, as cookies do")
    end
    if again.most > #same.steps / 3 then
      fail(string.format("%s; same port: %d times a step of %d", said, again.most, again.often))
    end
    note("isn_rate", same.rate)
    if same.back > 1 then
      warn(said .. "; same port: goes back " .. same.back .. " of " .. #same.steps .. " times")
    end
    said = string.format("%s; same port: %.2f per us", said, same.rate)
    if found_out.gcd > 1 then warn(said) end
    pass(said)
  end,
}

-- N12 -----------------------------------------------------------------------------------------

local function kind_of(segment)
  if has(segment, "S") then return "SYN-ACK" end
  if has(segment, "R") then return "RST" end
  if has(segment, "F") then return "FIN" end
  return segment.len > 0 and "data" or "ACK"
end

local function described(s)
  local text = "TTL " .. s.ttl
  if t.family == 4 then text = text .. " ID " .. s.ip_id .. (s.df and " DF" or "") end
  if s.tos > 0 then text = text .. string.format(" DSCP %d ECN %d", s.tos >> 2, s.tos & 3) end
  return text
end

-- How the server counts its IPv4 packets: "zero", "one by one", "otherwise".
local function id_mode(segments)
  local mode
  for n = 2, #segments do
    local step = (segments[n].ip_id - segments[n - 1].ip_id) % 65536
    local this = segments[n].ip_id == 0 and "zero" or step < 256 and "one by one" or "otherwise"
    if mode and this ~= mode then return "otherwise" end
    mode = this
  end
  return mode
end

scenario {
  id = "N12",
  title = "all segments of a connection come with the same TTL; their TTL, IP ID, DF and DSCP",
  rfc = "RFC 791; RFC 8200; RFC 6864",
  level = "INFO",
  sends = "handshake, request, close; a SYN to a closed port",
  takes = 20,
  profile = "default",
  run = function()
    local c = open()
    if service.request then c:request() else c:alive() end
    c:close()
    local first, order, other, later = {}, {}, nil, {}
    for _, s in ipairs(c:seen { where = function(s) return not s.icmp end }) do
      local kind = kind_of(s)
      if not first[kind] then first[kind], order[#order + 1] = s, kind end
      if s.ttl ~= c.synack.ttl then other = s end
      if kind ~= "SYN-ACK" and kind ~= "RST" then later[#later + 1] = s end
    end
    local said = ""
    for _, kind in ipairs(order) do
      said = said .. (said == "" and "" or "; ") .. kind .. " " .. described(first[kind])
      note("ttl_" .. kind, first[kind].ttl)
    end
    if t.family == 4 and #later > 1 then note("ip_id_mode", id_mode(later)) end
    if other and kind_of(other) ~= "RST" then path(said) end
    local port = closed_port()
    local reset = port and syn({}, port)
    if reset then said = said .. "; RST of a closed port " .. described(reset) end
    pass(said)
  end,
}
