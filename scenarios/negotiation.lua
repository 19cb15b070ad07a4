-- SPDX-License-Identifier: BSD-2-Clause
-- Negotiation: what a SYN says and offers, and what the server makes of it (N1 .. N7).
--
-- Most of these send a SYN of their own making on a connection without a machine, look at the
-- answer, and reset what it left behind. What is not answered by a SYN-ACK is compared with a
-- plain SYN, and with the same SYN to a closed port: see blame().

local MSS = "\2\4\5\180" -- 1460
local SACK = "\1\1\4\2"
local TIMESTAMPS = "\1\1\8\10\1\2\3\4\0\0\0\0"
local OUR_TSVAL = 0x01020304

-- N1 ------------------------------------------------------------------------------------------

-- The longest segment of an answer where our SYN said this MSS (0: nothing), and the longest of
-- those that an adapter merged ("partial"), which prove nothing. Without timestamps, so that a
-- segment may have as many octets.
local function longest(mss, allowed)
  local c = fresh { mss = mss, timestamps = false }
  c:write(service.name == "echo" and ("e"):rep(20 * allowed) or service.request)
  c:answer { settle = 0.3 }
  local sure, merged = 0, 0
  for _, s in ipairs(c:seen { data = true }) do
    if s.len <= allowed or s.checksum ~= "partial" then
      sure = math.max(sure, s.len)
    else
      merged = math.max(merged, s.len)
    end
  end
  c:abort()
  return sure, merged
end

scenario {
  id = "N1",
  title = "the SYN-ACK has an MSS, and no segment is longer than ours allows",
  rfc = "RFC 9293 3.7.1 (SHLD-5, MUST-15, MUST-16)",
  level = "MUST",
  sends = "SYN with MSS none, 0, 1, 48, 536, 1460, 65535; a request where it was none, 48, 536",
  takes = 20,
  profile = "default",
  run = function()
    local theirs
    for _, ours in ipairs { "no", 0, 1, 48, 536, 1460, 65535 } do
      local options = ours == "no" and "" or "\2\4" .. string.pack(">I2", ours)
      theirs = accepted("SYN with MSS " .. ours, { options = options }).options.mss
    end
    if not theirs then warn("no MSS in the SYN-ACKs, so 536 is meant") end
    note("mss", theirs)
    local said, unsure, clamp = "MSS " .. theirs, false, false
    if not service.request then pass(said .. "; no request is known, so segments were not seen") end
    local default = t.family == 6 and 1220 or 536
    for _, ours in ipairs { 0, 536, 48 } do
      local allowed = ours == 0 and default or ours
      local sure, merged = longest(ours, allowed)
      said = said .. "; ours " .. (ours == 0 and "none" or ours) .. ": segments of up to " .. sure
      if merged > 0 then said = said .. ", merged ones of " .. merged end
      if sure > allowed and ours == 48 and sure <= default then clamp = true
      elseif sure > allowed then fail(said .. "; " .. allowed .. " were allowed") end
      if merged > 0 and ours ~= 48 then unsure = true end
    end
    if clamp then hardened(said .. ": it does not go so low") end
    if unsure then inconclusive(said .. ": turn off the adapter's offloads") end
    pass(said)
  end,
}

-- N2 ------------------------------------------------------------------------------------------

-- The octets of the first data that answers a request, where we offered this shift.
local function answered(offered)
  local _, c = syn { options = MSS .. "\1\3\3" .. string.char(offered) }
  if not c then return nil end
  local data = c:ask { flags = "P.", data = service.request, wnd = 500, want = { data = true } }
  c:abort()
  return data and data.len
end

scenario {
  id = "N2",
  title = "the window is scaled only if both say so; a shift over 14 is used as 14",
  rfc = "RFC 7323 2.2, 2.3",
  level = "MUST",
  sends = "SYN with window scale none, 0, 7, 14, 15, 255; requests after 15 and 255",
  takes = 20,
  profile = "default",
  run = function()
    if accepted("SYN without window scale", { options = MSS }).options.wscale then
      fail("window scale in the SYN-ACK though the SYN had none")
    end
    local shift
    for _, offered in ipairs { 0, 7, 14, 15, 255 } do
      local synack = accepted("SYN with window scale " .. offered,
                              { options = MSS .. "\1\3\3" .. string.char(offered) })
      shift = synack.options.wscale or shift
    end
    if not shift then pass_may("windows are not scaled: the SYN-ACK never has the option") end
    note("wscale", shift)
    if shift > 14 then fail("shift " .. shift .. " in the SYN-ACK; 14 is the most") end
    local said = "shift " .. shift .. ", and none where we offered none"
    if service.request and answered(7) then
      for _, offered in ipairs { 15, 255 } do
        local octets = answered(offered)
        if not octets then fail(said .. "; no answer to a request after a shift of " .. offered) end
        said = said .. "; " .. offered .. ": a request is answered"
      end
    end
    pass(said)
  end,
}

-- N3 ------------------------------------------------------------------------------------------

-- Data beyond a gap of ten octets; returns the SACK block that came for it, or nil.
local function sacked(c, tries)
  local from = c.snd_nxt + 10
  local answer = c:ask { flags = "P.", seq = from, data = "beyond", tries = tries, want = {
    where = function(s) return s.options and s.options.blocks and s.options.blocks[1] end } }
  return answer and answer.options.blocks[1], from
end

scenario {
  id = "N3",
  title = "SACK is agreed only if offered, and then tells of data beyond a gap",
  rfc = "RFC 2018 2, 3, 4",
  level = "MUST",
  sends = "SYN without SACK-permitted, with SACK blocks; data beyond a gap",
  takes = 15,
  profile = "default",
  run = function()
    if accepted("SYN without SACK-permitted", { options = MSS }).options.sack then
      fail("SACK-permitted in the SYN-ACK though the SYN had none")
    end
    accepted("SYN with SACK blocks", { options = MSS .. "\1\1\5\10\0\0\0\9\0\0\0\18" })

    local c = open { sack = false, timestamps = false }
    c:send { flags = ".", options = SACK, count = false }
    if sacked(c, 2) then fail("SACK blocks though SACK-permitted came after the SYN only") end
    c:abort()

    c = open()
    if not c.sack then pass_may("no SACK-permitted in the SYN-ACK: not supported") end
    local block, from = sacked(c)
    if not block then
      if c:alive() ~= "alive" then inconclusive("no answer to data beyond a gap, nor later") end
      warn("agreed, but data beyond a gap never met an ACK with SACK blocks")
    end
    local said = "data " .. from .. ":" .. from + 6 .. " meets SACK " .. block[1] .. ":" .. block[2]
    if block[1] ~= from or block[2] ~= from + 6 then fail(said) end
    pass(said)
  end,
}

-- N4 ------------------------------------------------------------------------------------------

-- A keepalive-style question and the plain ACK it meets.
local function question(c, more)
  local what = { flags = ".", seq = c.snd_nxt - 1, want = { flags = ".", len = 0 } }
  for key, value in pairs(more or {}) do what[key] = value end
  return c:ask(what)
end

-- What the timestamps of two segments say: ticks from one to the other, and ticks per second.
local function ticks(first, last)
  local count = (last.options.ts_val - first.options.ts_val) % 4294967296
  if count >= 2147483648 then count = count - 4294967296 end
  return count, count / (last.time - first.time)
end

local function timestamps_offered()
  if accepted("SYN without timestamps", { options = MSS }).options.ts_val then
    fail("timestamps in the SYN-ACK though the SYN had none")
  end
  local synack = accepted("SYN with timestamps", { options = MSS .. TIMESTAMPS })
  if not synack.options.ts_val then pass_may("no timestamps in the SYN-ACK: not supported") end
  if synack.options.ts_ecr ~= OUR_TSVAL then
    fail("TSecr " .. synack.options.ts_ecr .. " in the SYN-ACK, our TSval was " .. OUR_TSVAL)
  end
end

scenario {
  id = "N4",
  title = "timestamps in every segment, echoed, in step with time; old data is not taken (PAWS)",
  rfc = "RFC 7323 3.2, 5.3, 5.4",
  level = "MUST",
  sends = "SYN with and without timestamps; an ACK without; data with an old one",
  takes = 10,
  profile = "quick",
  run = function()
    timestamps_offered()
    local c = open()
    if not c.ts then inconclusive("agreed before, but not on this connection") end

    c:collect(0.05)
    if c.reset then inconclusive("the server closed at once") end
    local first = question(c)
    wait(1.2)
    local last = question(c)
    if not first or not last then inconclusive("no ACK of a keepalive-style question") end
    for _, s in ipairs(c:seen { where = function(s) return s.flags and not has(s, "R") end }) do
      if not s.options.ts_val then fail("a segment (" .. s.flags .. ") without timestamps") end
    end
    local count, rate = ticks(first, last)
    note("ts_rate", rate)
    local said = string.format("%.0f ticks per second", rate)
    if count < 0 then fail("TSval went back by " .. -count .. " in 1.2 s") end

    local expected = c.snd_nxt
    local old = c:ask { flags = "P.", data = "x", ts = -100000, count = false,
                        want = { flags = ".", len = 0 } }
    if old and old.ack > expected then fail(said .. "; data with an old TSval was taken") end

    local bare = question(c, { ts = false, tries = 2 })
    said = said .. "; without timestamps " .. (bare and "accepted" or "dropped")
    if c:alive() == "dead" then fail(said .. ", and the connection aborted") end
    if not old then warn(said .. "; no ACK of data with an old TSval") end
    if count == 0 or rate > 1100 then warn(said .. "; 1 to 1000 are meant") end
    pass(said .. "; data with an old TSval not taken, but acknowledged")
  end,
}

-- N5, N6 --------------------------------------------------------------------------------------

-- The ECN bits of a SYN-ACK: AE, CWR, ECE as a text, "001".
local function ecn_bits(synack)
  local text = ""
  for _, flag in ipairs { "A", "W", "E" } do
    text = text .. (has(synack, flag) and "1" or "0")
  end
  return text
end

scenario {
  id = "N5",
  title = "a SYN with ECE and CWR is answered, with ECE or without",
  rfc = "RFC 3168 6.1.1",
  level = "MUST",
  sends = "SYN with ECE and CWR; plain SYN",
  takes = 15,
  profile = "default",
  run = function()
    local plain = accepted("plain SYN", {})
    if ecn_bits(plain) ~= "000" then fail("SYN-ACK " .. plain.flags .. " to a SYN without ECN") end
    local answer, c = syn { flags = "SEW" }
    note("ecn_syn", name_of(answer))
    if not is_synack(answer) then blame(path, "SYN with ECE, CWR", { flags = "SEW" }, answer) end
    c:abort()
    local bits, ect = ecn_bits(answer), answer.tos & 3
    local said = "SYN-ACK " .. answer.flags
    if bits == "011" or bits == "111" then warn(said .. ": it reflects what it got") end
    note("ecn", bits == "001")
    if ect ~= 0 and bits ~= "001" then warn(said .. ", ECT " .. ect .. " in IP without ECN") end
    if ect ~= 0 then pass_may(said .. ", ECT " .. ect .. " in IP: RFC 8311") end
    pass(said .. (bits == "001" and ": ECN" or ": no ECN"))
  end,
}

-- By AE, CWR, ECE of the SYN-ACK (RFC 9768 3.1.1).
local ACCECN = {
  ["010"] = "AccECN; the SYN arrived as Not-ECT", ["011"] = "AccECN; the SYN arrived as ECT(1)",
  ["100"] = "AccECN; the SYN arrived as ECT(0)", ["110"] = "AccECN; the SYN arrived as CE",
  ["001"] = "classic ECN", ["000"] = "no ECN", ["101"] = "ECN with nonce",
}

scenario {
  id = "N6",
  title = "a SYN with AE, ECE and CWR is answered: AccECN, classic ECN or none",
  rfc = "RFC 9768 3.1",
  level = "MUST",
  sends = "SYN with AE, ECE and CWR",
  takes = 15,
  profile = "default",
  run = function()
    local odd = { flags = "SEWA" }
    local answer, c = syn(odd)
    note("accecn_syn", name_of(answer))
    if not is_synack(answer) then blame(path, "SYN with AE, ECE, CWR", odd, answer) end
    c:abort()
    local bits = ecn_bits(answer)
    local said = "SYN-ACK " .. answer.flags .. " (AE CWR ECE " .. bits .. ")"
    if not ACCECN[bits] then warn(said .. ": it reflects what it got") end
    note("accecn", ACCECN[bits])
    pass(said .. ": " .. ACCECN[bits])
  end,
}

-- N7 ------------------------------------------------------------------------------------------

-- What the SYN-ACK to a SYN with this cookie and data acknowledges of the data, in octets.
local function fast_open(cookie, data)
  local odd = { options = MSS .. "\34" .. string.char(2 + #cookie) .. cookie, data = data }
  local answer, c = syn(odd)
  if not is_synack(answer) then blame(fail, "SYN with a TFO cookie and data", odd, answer) end
  c:abort()
  return answer.ack - 1
end

scenario {
  id = "N7",
  title = "TCP Fast Open: a cookie on request; data is taken with that cookie only",
  rfc = "RFC 7413 2, 4.1; RFC 9293 3.1 (MUST-6)",
  level = "MUST",
  sends = "SYN with an empty TFO option; SYN with data and a good cookie, a bad one",
  takes = 15,
  profile = "default",
  run = function()
    local synack = accepted("SYN with a TFO cookie request", { options = MSS .. "\1\1\34\2" })
    local cookie = synack.options.fast_open
    note("tfo", cookie ~= nil)
    if not cookie then pass("no cookie in the SYN-ACK: not supported or not enabled") end
    local said = "cookie of " .. #cookie .. " octets"
    if #cookie < 4 or #cookie > 16 or #cookie % 2 == 1 then
      fail(said .. "; it must have 4 to 16, an even number")
    end
    local data = service.request or "x"
    local bad = fast_open(("\90"):rep(#cookie), data)
    if bad > 0 then warn(said .. "; " .. bad .. " octets taken with a cookie that is not good") end
    local good = fast_open(cookie, data)
    if good == 0 then pass_may(said .. ", but data with it is not taken from the SYN") end
    pass(said .. "; " .. good .. " octets of " .. #data .. " taken with it, none with a bad one")
  end,
}
