-- SPDX-License-Identifier: BSD-2-Clause
-- The close report: one paragraph in words, made of what the other scenarios found. What was not
-- found is not mentioned; what an operator has to act on comes first.

local function say(format, ...) return string.format(format, ...) end

-- 0.2 ms, 43 ms, 1.5 s
local function span(seconds)
  if seconds < 0.01 then return say("%.1f ms", 1000 * seconds) end
  if seconds < 1 then return say("%.0f ms", 1000 * seconds) end
  return say("%.1f s", seconds)
end

-- What is wrong, or not as clients expect.
local TROUBLE = {
  ["held-open"] = t.quick
    and say("Still open %d s after our FIN, and --quick waits no longer.", APP_S)
    or say("Leaks CLOSE-WAIT: the application did not close within %d s of our FIN.", APP_S),
  ["silent"] = "Our FIN is never acknowledged: clients that close wait in FIN-WAIT-1 until they "
    .. "give up.",
  ["reset-abort"] = "Aborts: the application answers our FIN with a RST, so that what was under "
    .. "way in either direction is lost.",
  ["reset-gone"] = "Forgets connections: our FIN met a RST that knows of none.",
  ["server-reset"] = "Aborts: it resets the connection before our FIN.",
}

local function trouble()
  local list = { TROUBLE[found("close_token") or ""] }
  if found("server_reset") then
    list[#list + 1] = "Resets connections " .. found("server_reset") .. ", where a FIN would do."
  end
  if found("time_wait") == "gone" then
    list[#list + 1] = "Keeps no TIME-WAIT: when its last ACK is lost, the client's FIN meets a RST."
  end
  if found("last_ack_total_s") and found("last_ack_total_s") < 100 then
    list[#list + 1] = "Gives up early: see what happens when the last ACK is lost."
  end
  return list
end

-- Three or four segments, and why.
local function segments()
  local token, after = found("close_token"), found("app_close_ms")
  if not after then return end
  after = span(after / 1000)
  if token == "three-segment" then
    return "Closes in three segments: the application closed " .. after
      .. " after our FIN, so that the server's FIN carried the ACK."
  elseif token == "four-segment" then
    return "Closes in four segments: our FIN was acknowledged before the application closed, "
      .. after .. " after it."
  elseif token == "data-then-fin" then
    return "Still sends after our FIN, and closed " .. after .. " after it."
  elseif token == "simultaneous" then
    return "Its FIN crossed ours."
  end
end

local function half_close()
  local answered, partial = found("half_close_answered"), found("partial_answer")
  local text
  if answered ~= nil then
    text = answered and "A request that comes with our FIN is answered"
      or "A request that comes with our FIN is not answered"
  end
  if partial then
    text = (text and text .. "; part" or "Part") .. " of a request with our FIN "
      .. (partial == "none" and "is not" or "is answered by \"" .. partial .. "\"")
  end
  return text and text .. "."
end

-- Who closes first, and when.
local function first_closer()
  local list = {}
  if found("first_closer") == "server" then
    list[1] = found("first_closer_asked") and "Asked to close, the server closes first."
      or "The server closes first, unasked."
  end
  local idle, kept = found("idle_timeout_s"), found("keepalive_timeout_s")
  local header, text = found("header_timeout_s"), found("idle_text")
  if idle then
    list[#list + 1] = "A connection without a request is closed after " .. span(idle)
      .. (text and ", with \"" .. text .. "\" before it." or ".")
  end
  if kept then list[#list + 1] = "After a response it is closed after " .. span(kept) .. "." end
  if header then
    list[#list + 1] = "After part of a request it is closed after " .. span(header) .. "."
  end
  return table.concat(list, " ")
end

local function late_data()
  local late = found("late_data")
  if late == "acked" then return "Data that come after its FIN are acknowledged." end
  if late == "reset" then return "Data that come after its FIN meet a RST." end
end

local function last_ack()
  local schedule, total = found("last_ack_schedule"), found("last_ack_total_s")
  if not schedule then return end
  local text = "When the last ACK is lost, the server sends its FIN at " .. schedule .. " s"
  return text .. (total and ", and gives up by " .. span(total) .. "." or ".")
end

local function held(what, from, gone)
  if not from then return end
  if not gone then return say("%s is kept for %s at least.", what, span(from)) end
  return say("%s is kept for %s, and gone at %s.", what, span(from), span(gone))
end

local function port_reuse()
  local by = found("port_reuse")
  if by == "none" then
    return "While in TIME-WAIT, a client's port cannot be used again."
  elseif by then
    return "While in TIME-WAIT, a client's port can be used again by a SYN with a " .. by .. "."
  end
end

scenario {
  id = "_report", hidden = true, after = "all",
  run = function()
    local list = trouble()
    local function add(text)
      if text and text ~= "" then list[#list + 1] = text end
    end
    add(segments())
    add(half_close())
    add(first_closer())
    add(late_data())
    add(last_ack())
    add(held("FIN-WAIT-2", found("fin_wait_2_held_s"), found("fin_wait_2_gone_s")))
    if found("time_wait_held_s") then
      add(held("TIME-WAIT", found("time_wait_held_s"), found("time_wait_gone_s")))
    elseif found("time_wait") == "held" then
      add("TIME-WAIT is kept.")
    end
    add(port_reuse())
    if #list > 0 then note("close_report", table.concat(list, " ")) end
    pass("")
  end,
}
