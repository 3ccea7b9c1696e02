#!/usr/bin/env lua
local M = {}

--- Split a text at a separator.
-- Empty parts are kept.
-- @param text what to split
function M.split(text, separator)
  local parts = {}
  -- the pattern must not read the separator as magic
  local escaped = separator:gsub("%p", "%%%0")
  for part in (text .. separator):gmatch("(.-)" .. escaped) do
    parts[#parts + 1] = part -- in order
  end
  return parts
end

--[[
  Whether a table holds nothing,
  not even a false value.
]]
local function is_empty(t)
  return next(t) == nil
end

-- Move the robot one step ahead.
M.step = function(robot)
  robot.x = robot.x + robot.dx
  robot.y = robot.y + robot.dy
end

function M:close()
  if self.handle then
    --[=[ other threads may
          still read from it ]=]
    self.handle:flush()
    self.handle:close()
  else
    -- tell it to the caller's log
    self.log("was closed before")
  end
end

-- the default settings of a new robot
M.defaults = {
  x = 0,
  y = 0,
}

---Keep the log in a file.
---@param path string
function M.log_to(path) M.log = io.open(path, "a") end

return M
