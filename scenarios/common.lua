-- SPDX-License-Identifier: BSD-2-Clause
-- The words of the scenario language, on top of what shakedown itself offers (`core`): connections,
-- waiting, segments, verdicts. It is loaded before each scenario file; doc/SCENARIOS describes it.
-- core.pause(t) lets the world go on until something happens or the time t has come.

local core = core
local Conn, current = {}, nil
local MAIN_FLAGS = { "S", "F", "R", "." }
local CHALLENGE_GAP = 0.6 -- Linux sends one challenge ACK in half a second

-- What a scenario says of itself --------------------------------------------------------------

local FIELDS = {
  id = "string", title = "string", rfc = "string", level = "string", sends = "string",
  takes = "number", profile = "string", intrusive = "boolean", alone = "boolean",
  needs = "string", after = "string", hidden = "boolean", run = "function",
}
local DEMANDED = { "id", "title", "rfc", "level", "sends", "takes", "profile" }
local PROFILES = { quick = true, default = true, full = true }

function scenario(of)
  local id = tostring(of.id or "?")
  for key, value in pairs(of) do
    if not FIELDS[key] then error("scenario " .. id .. ": it has no field " .. key, 2) end
    if type(value) ~= FIELDS[key] then
      error("scenario " .. id .. ": " .. key .. " must be a " .. FIELDS[key], 2)
    end
  end
  if not of.run then error("scenario " .. id .. ": there is no function run", 2) end
  for _, key in ipairs(of.hidden and { "id" } or DEMANDED) do
    if of[key] == nil then error("scenario " .. id .. ": " .. key .. " is missing", 2) end
  end
  of.profile = of.profile or "quick"
  if not PROFILES[of.profile] then error("scenario " .. id .. ": no profile " .. of.profile, 2) end
  core.scenarios[#core.scenarios + 1] = of
end

-- Verdicts ------------------------------------------------------------------------------------

for _, name in ipairs { "pass", "pass_may", "warn", "fail", "hardened", "app", "path",
                        "inconclusive", "skip" } do
  _ENV[name] = function(seen) core.verdict(name, tostring(seen or "")) end
end

-- Time and findings ---------------------------------------------------------------------------

t = setmetatable({ family = core.info.family, port = core.info.port,
                   intrusive = core.info.intrusive, quick = core.info.quick,
                   full = core.info.full,
                   given = core.info.app or core.info.request and "given" }, {
  __index = function(_, key)
    if key == "now" then return core.now() end
    local rtt = (current and core.get(current.h, "rtt")) or core.info.rtt
    if key == "rtt" then return rtt end
    if key == "wait" then return math.max(1, 3 * (rtt or 0) + 0.5) end
  end,
})
note, found = core.note, core.found

function wait(seconds)
  local deadline = core.now() + seconds
  while core.now() < deadline do core.pause(deadline) end
end

-- Waits until condition() gives something true, and returns it; nil after `seconds`.
local function await(seconds, condition)
  local deadline = core.now() + seconds
  while true do
    local result = condition()
    if result then return result end
    if core.now() >= deadline then return nil end
    core.pause(deadline)
  end
end

-- Segments ------------------------------------------------------------------------------------

function has(segment, flag)
  return segment.flags ~= nil and segment.flags:find(flag, 1, true) ~= nil
end

local function main_flags(flags)
  local text = ""
  for _, flag in ipairs(MAIN_FLAGS) do
    if flags:find(flag, 1, true) then text = text .. flag end
  end
  return text
end

local function flags_fit(segment, wanted)
  if type(wanted) == "string" then wanted = { wanted } end
  for _, flags in ipairs(wanted) do
    if main_flags(segment.flags) == main_flags(flags) then return true end
  end
  return false
end

local function fits(segment, want)
  if segment.icmp then
    if want.flags or want.seq or want.ack or want.ack_of or want.len or want.data then
      return false
    end
    return not want.where or want.where(segment)
  end
  if want.flags and not flags_fit(segment, want.flags) then return false end
  if want.seq and segment.seq ~= want.seq then return false end
  if want.ack and segment.ack ~= want.ack then return false end
  if want.ack_of and not (segment.ack and segment.ack >= want.ack_of) then return false end
  if want.len and segment.len ~= want.len then return false end
  if want.data == true and segment.len == 0 then return false end
  return not want.where or want.where(segment)
end

-- Connections ---------------------------------------------------------------------------------

local SYN_S = core.info.quick and 7.5 or 60 -- longer than an answer to the fourth SYN takes; to any

local Conn_meta = {
  __index = function(c, key)
    if Conn[key] then return Conn[key] end
    if key == "synack" then return c:seen { flags = "S." }[1] end
    return core.get(c.h, key)
  end,
}

local function segments(c)
  for n = #c.log + 1, core.count(c.h) do c.log[n] = core.entry(c.h, n) end
  return c.log
end

local function connected(c, third)
  if third == false then
    if core.get(c.h, "synacked") then return true end
  elseif core.get(c.h, "established") then
    return true
  end
  return core.get(c.h, "over") and "over"
end

local OPEN_OPTIONS = { mss = true, wscale = true, sack = true, timestamps = true, ecn = true,
                       window = true, third = true, syn = true, dport = true, try = true }

local function connect(options)
  for key in pairs(options) do
    if not OPEN_OPTIONS[key] then error("open: there is no option " .. tostring(key), 3) end
  end
  wait(core.turn())
  local h, why = core.open(options)
  for _ = 1, 600 do -- while all ports are in use
    if h or why then break end
    wait(0.05)
    h, why = core.open(options)
  end
  if not h and not why then
    core.verdict("inconclusive", "no port of ours was free for 30 s: fewer --targets or --lanes")
  end
  if not h then core.verdict("error", why) end
  local c = setmetatable({ h = h, log = {}, cursor = 0 }, Conn_meta)
  if options.syn == false then return c end
  await(SYN_S, function() return connected(c, options.third) end)
  if connected(c, options.third) == true then return c end
  local outcome = core.get(h, "handshake") or "no answer within " .. SYN_S .. " s"
  if options.try then return nil, outcome end
  core.verdict("inconclusive", "no connection: " .. outcome)
end

function fresh(options) return connect(options or {}) end

function open(options)
  local c, outcome = connect(options or {})
  if c then current = c end
  return c, outcome
end

function Conn.send(c, what) return core.send(c.h, what or {}) end
function Conn.fin(c) core.call(c.h, "fin") end
function Conn.mute(c) core.call(c.h, "mute") end
function Conn.unmute(c) core.call(c.h, "unmute") end

function Conn.write(c, data)
  local taken = await(t.wait * 4, function()
    return core.write(c.h, data) or (core.get(c.h, "over") and "over")
  end)
  return taken == true
end

local function end_by(c, how, seconds)
  core.call(c.h, how, seconds)
  await(seconds + 60, function() return core.get(c.h, "done") end)
end

function Conn.abort(c) end_by(c, "abort", 0) end

function Conn.close(c, options)
  end_by(c, "close", options and options.within or 10)
  return c.closing
end

function Conn.expect(c, want)
  want = want or {}
  return await(want.within or t.wait, function()
    local log = segments(c)
    while c.cursor < #log do
      c.cursor = c.cursor + 1
      if fits(log[c.cursor], want) then return log[c.cursor] end
    end
  end)
end

function Conn.seen(c, want)
  local list = {}
  for _, segment in ipairs(segments(c)) do
    if fits(segment, want or {}) then list[#list + 1] = segment end
  end
  return list
end

function Conn.collect(c, seconds)
  local from, list = #segments(c), {}
  wait(seconds)
  local log = segments(c)
  for n = from + 1, #log do list[#list + 1] = log[n] end
  c.cursor = #log
  return list
end

function Conn.silence(c, seconds)
  local from = #segments(c)
  local first = await(seconds, function() return segments(c)[from + 1] end)
  c.cursor = #segments(c)
  return first == nil, first
end

function Conn.ask(c, what)
  local want, gap = what.want or {}, what.gap or CHALLENGE_GAP
  local segment = {}
  for key, value in pairs(what) do
    if key ~= "want" and key ~= "tries" and key ~= "gap" then segment[key] = value end
  end
  local seq = segment.seq or c.snd_nxt
  for try = 1, what.tries or 5 do
    c.cursor = #segments(c)
    local sent = core.now()
    c:send(segment)
    segment.seq, segment.count = seq, false -- the same one each time, counted once
    want.within = math.max(gap, what.tries == 1 and t.wait or gap, 2 * (t.rtt or 0))
    local answer = c:expect(want)
    if answer then return answer, try end
    local rest = sent + gap - core.now()
    if rest > 0 then wait(rest) end
  end
  return nil, what.tries or 5
end

-- A keepalive-style question: from just before SND.NXT, so that whoever knows the connection
-- acknowledges it, and whoever does not resets it.
function Conn.alive(c)
  local answer = c:ask {
    seq = c.snd_nxt - 1, flags = ".", count = false,
    want = { where = function(s)
      return not s.icmp and not has(s, "S") and (has(s, ".") or has(s, "R")) end },
  }
  if not answer then return "silent" end
  return has(answer, "R") and "dead" or "alive"
end

function Conn.answer(c, options)
  options = options or {}
  local before, settle = c.received, options.settle or 0.1
  await(options.within or 2, function()
    return c.received > before or c.peer_fin or core.get(c.h, "over")
  end)
  local known
  repeat
    known = c.received
    await(settle, function() return c.received > known or c.peer_fin end)
  until c.received == known or c.peer_fin
  local text, upto = "", 1
  for _, s in ipairs(segments(c)) do
    if s.data and s.seq == upto and not has(s, "S") then
      text, upto = text .. s.data, upto + s.len
    end
  end
  return c.received - before, text
end

function Conn.request(c)
  if not service.request then core.verdict("skip", "no request of this service is known") end
  c:write(service.request)
  return c:answer()
end

-- Each word alone speaks of the current connection.
for name, word in pairs(Conn) do
  _ENV[name] = function(first, ...)
    if getmetatable(first) == Conn_meta then return word(first, ...) end
    if not current then error(name .. ": there is no connection: open() comes first", 2) end
    return word(current, first, ...)
  end
end

local function numbers_of(prefix)
  return setmetatable({}, { __index = function(_, key)
    if not current then error(prefix .. key .. ": there is no connection yet", 2) end
    return core.get(current.h, prefix .. key)
  end })
end
snd, rcv = numbers_of("snd_"), numbers_of("rcv_")

-- The target ----------------------------------------------------------------------------------

-- A plain handshake and close works; a server that never acknowledges a FIN, which may be what a
-- scenario found, must acknowledge something.
local function plain_control()
  local c, outcome = fresh { try = true }
  if outcome == "established-reset" then return true end -- the application's doing
  if not c then return false, "no connection: " .. outcome end
  local life = c:alive()
  c:fin()
  local closed = await(3, function() return c.fin_acked or c.reset end)
  c:abort()
  return closed ~= nil or life == "alive", "neither a question nor a FIN was acknowledged"
end

function control() return (plain_control()) end

function closed_port()
  for _ = 1, 4 do
    local port = math.random(20000, 60000)
    local c = fresh { syn = false, dport = port }
    local answer = c:ask { flags = "S", tries = 3 }
    c:abort()
    if answer and not answer.icmp and has(answer, "R") then return port end
  end
  return nil
end

-- Services ------------------------------------------------------------------------------------

local host = core.info.host
local get = "GET / HTTP/1.1\r\nHost: " .. host .. "\r\nUser-Agent: shakedown\r\n\r\n"
local SERVICES = {
  http = { request = get, partial = "GET / HTTP/1.1\r\nHost: ",
           goodbye = "GET / HTTP/1.0\r\n\r\n" },
  redis = { request = "PING\r\n", partial = "PIN", goodbye = "QUIT\r\n" },
  memcached = { request = "version\r\n", partial = "vers" },
  ssh = { request = "SSH-2.0-shakedown\r\n", partial = "SSH-2.0-sh", goodbye = "\r\n" },
  smtp = { request = "NOOP\r\n", partial = "NO", goodbye = "QUIT\r\n" },
  banner = {},
  echo = { request = "shakedown\r\n", partial = "shake" },
  none = {},
}
function service_known(name) return SERVICES[name] end

service = {}
local function know_service()
  local name = core.info.app or found("service") or "none"
  for key, value in pairs(SERVICES[name] or {}) do service[key] = value end
  service.name = name
  service.greeting = found("greeting")
  service.request = core.info.request or service.request
  service.partial = core.info.partial or service.partial
  service.response = core.info.response
end

scenario {
  id = "_control", hidden = true,
  run = function()
    local good, why = plain_control()
    if good then pass("") end
    fail(why)
  end,
}

-- Where shakedown begins each run.
function core.start(number)
  local of = core.scenarios[number]
  know_service()
  if of.needs and not service[of.needs] then
    skip("needs a " .. of.needs .. " of the service (" .. service.name .. "): see --app, --request")
  end
  of.run()
  error("scenario " .. of.id .. ": it ended without a verdict", 0)
end
