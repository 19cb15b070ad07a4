-- SPDX-License-Identifier: BSD-2-Clause
-- What service a target is: by what it says first, or by how it answers a few harmless questions.
-- Runs before all scenarios; what is to be asked of each service is in common.lua.

local get = service_known("http").request
local BY_PORT = { [80] = "http", [8080] = "http", [8000] = "http", [8008] = "http", [22] = "ssh",
                  [25] = "smtp", [587] = "smtp", [6379] = "redis", [7] = "echo" }

local function starts(text, head) return text:sub(1, #head) == head end

local function by_greeting(greeting)
  if starts(greeting, "SSH-") then return "ssh" end
  if starts(greeting, "220 ") or starts(greeting, "220-") then return "smtp" end
  return "banner"
end

-- What each service is known by: a question, and how its answer begins.
local QUESTIONS = {
  { get, { ["HTTP/"] = "http", [get:sub(1, 16)] = "echo" } },
  { "PING\r\n", { ["+PONG"] = "redis", ["-NOAUTH"] = "redis", ["PING"] = "echo" } },
  { "version\r\n", { ["VERSION "] = "memcached" } },
}

local function ask_service(question, answers)
  local c = fresh { try = true }
  if not c then return false end
  c:write(question)
  local _, text = c:answer { within = 1 }
  if text == "" and c.snd_una < c.snd_nxt then return false end
  c:abort()
  for head, name in pairs(answers) do
    if starts(text, head) then return name end
  end
end

local function guess(greeting)
  if greeting ~= "" then return by_greeting(greeting) end
  for _, question in ipairs(QUESTIONS) do
    local name = ask_service(question[1], question[2])
    if name then return name end
    if name == false then break end -- it lets nobody in any more, or is mute
  end
  return BY_PORT[t.port] or "none"
end

-- What answers must be the service that was meant.
local function check_response(greeting)
  local c = fresh {}
  if greeting ~= "" then c:answer { within = 3 } end
  c:write(service.request or "")
  local _, text = c:answer { within = 3 }
  if not text:find(service.response, 1, true) then
    fail("what answered the request is not what --response says")
  end
end

scenario {
  id = "_service", hidden = true,
  run = function()
    local c, outcome = fresh { try = true }
    if outcome == "established-reset" then -- it opens, and says no more
      note("service", t.given or "none")
      pass("")
    end
    if not c then fail(outcome) end
    note("rtt", c.rtt or 0)
    local _, greeting = c:answer { within = 0.5 }
    if greeting ~= "" then note("greeting", greeting) end
    note("service", t.given or guess(greeting))
    if service.response then check_response(greeting) end
    pass("")
  end,
}

-- Does it do the plain thing still? Asked where run after run is inconclusive. More than one
-- connection, since this is to be sure, and soon.

local function any_synack(list)
  for _ = 1, 4 do
    for _, c in ipairs(list) do c:send { flags = "S", seq = 0 } end
    list[1]:expect { flags = "S.", within = 2 }
    for _, c in ipairs(list) do
      if c.synack then return true end
    end
  end
end

-- A RST is as good as an ACK: the application's doing.
local function any_answer(list)
  for _ = 1, 5 do
    for _, c in ipairs(list) do
      if c.synack then c:send { flags = ".", seq = c.snd_nxt - 1, count = false } end
    end
    wait(math.max(0.6, t.wait / 2))
    for _, c in ipairs(list) do
      if c:seen { flags = { ".", "R", "R." } }[1] then return true end
    end
  end
end

scenario {
  id = "_check", hidden = true,
  run = function()
    local list = {}
    for n = 1, 3 do list[n] = fresh { syn = false } end
    if not any_synack(list) then
      fail("no plain handshake works: 12 SYNs of three connections met no SYN-ACK")
    end
    for _, c in ipairs(list) do
      if c.synack then c:send { flags = "." } end
    end
    if any_answer(list) then pass("") end
    fail("no plain handshake works: nothing comes after its SYN-ACK")
  end,
}
