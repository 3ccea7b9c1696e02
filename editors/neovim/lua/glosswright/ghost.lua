--- Ghost text for Neovim 0.11, which has none of its own: asks the server when typing pauses, and shows the answer by
--- an extmark. A suggestion is shown only while the text is the one it was made for, or was typed along it; it is never
--- put into a text that has moved on.

local M = {}

local api = vim.api
local METHOD = 'textDocument/inlineCompletion'
local INVOKED, AUTOMATIC = 1, 2 -- InlineCompletionTriggerKind of LSP 3.18
local namespace = api.nvim_create_namespace('glosswright.inline_completion')

---@class glosswright.Shown
---@field buffer integer
---@field row integer 0-based, in which the suggestion begins
---@field from integer byte column at which its text begins
---@field items table[]
---@field index integer
---@field client integer
---@field asked? boolean whether others beside it were asked for

---@type glosswright.Shown?
local shown
---@type uv.uv_timer_t?
local timer
---@type fun()? Cancels the request under way.
local cancel

local function hide()
  if shown and api.nvim_buf_is_valid(shown.buffer) then
    api.nvim_buf_clear_namespace(shown.buffer, namespace, 0, -1)
  end
end

local function forget()
  hide()
  shown = nil
end

local function stop()
  if timer then timer:stop() end
  if cancel then cancel() end
  cancel = nil
end

--- The text of the current candidate, and what of it stands before the cursor already; nil when it no longer fits.
local function rest()
  if not shown or shown.buffer ~= api.nvim_get_current_buf() then return nil end
  local row, column = unpack(api.nvim_win_get_cursor(0))
  if row - 1 ~= shown.row or column < shown.from then return nil end
  local text = shown.items[shown.index].insertText
  text = type(text) == 'table' and text.value or text
  local typed = api.nvim_buf_get_text(0, shown.row, shown.from, shown.row, column, {})[1]
  if not vim.startswith(text, typed) or #text == #typed then return nil end
  return text:sub(#typed + 1), column
end

local function draw()
  hide()
  local text, column = rest()
  if not text then
    shown = nil
    return false
  end
  local lines = vim.split(text, '\n', { plain = true })
  if #shown.items > 1 then lines[#lines] = lines[#lines] .. (' (%d/%d)'):format(shown.index, #shown.items) end
  local below = {}
  for at = 2, #lines do below[#below + 1] = { { lines[at], 'NonText' } } end
  api.nvim_buf_set_extmark(0, namespace, shown.row, column, {
    virt_text = { { lines[1], 'NonText' } },
    virt_text_pos = 'inline',
    virt_lines = below,
    hl_mode = 'combine',
  })
  return true
end

local function answered(client, buffer, version, result)
  local items = result and (result.items or result) or {}
  if #items == 0 or vim.lsp.util.buf_versions[buffer] ~= version then return end
  if api.nvim_get_current_buf() ~= buffer or not vim.startswith(api.nvim_get_mode().mode, 'i') then return end
  local row, column = unpack(api.nvim_win_get_cursor(0))
  local from = column
  local range = items[1].range
  if range then
    if range.start.line ~= row - 1 then return end
    local line = api.nvim_buf_get_lines(buffer, row - 1, row, false)[1] or ''
    from = vim.str_byteindex(line, client.offset_encoding, range.start.character, false)
  end
  shown = { buffer = buffer, row = row - 1, from = from, items = items, index = 1, client = client.id }
  draw()
end

local function ask(client, buffer, kind, then_)
  stop()
  if vim.fn.pumvisible() == 1 or (vim.snippet and vim.snippet.active()) then return end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = kind }
  local version = vim.lsp.util.buf_versions[buffer]
  local sent, id = client:request(METHOD, params, function(error, result)
    cancel = nil
    if not error then answered(client, buffer, version, result) end
    if then_ then then_() end
  end, buffer)
  cancel = sent and function() client:cancel_request(id) end or nil
end

--- Show suggestions of a client in a buffer.
---@param client vim.lsp.Client
---@param buffer integer
---@param options glosswright.Options
function M.attach(client, buffer, options)
  local group = api.nvim_create_augroup('glosswright.ghost.' .. buffer, { clear = true })
  timer = timer or vim.uv.new_timer()
  api.nvim_create_autocmd({ 'TextChangedI', 'CursorMovedI', 'InsertEnter' }, {
    group = group,
    buffer = buffer,
    callback = function()
      if shown and draw() then return end
      stop()
      timer:start(options.debounce_ms, 0, vim.schedule_wrap(function()
        if api.nvim_get_current_buf() == buffer and vim.startswith(api.nvim_get_mode().mode, 'i') then
          ask(client, buffer, AUTOMATIC)
        end
      end))
    end,
  })
  api.nvim_create_autocmd({ 'InsertLeave', 'BufLeave' }, {
    group = group,
    buffer = buffer,
    callback = function()
      stop()
      forget()
    end,
  })
  api.nvim_create_autocmd('LspDetach', {
    group = group,
    buffer = buffer,
    callback = function(event)
      if event.data.client_id ~= client.id then return end
      stop()
      forget()
      api.nvim_del_augroup_by_id(group)
    end,
  })
end

--- Whether a suggestion is on screen.
function M.visible()
  return rest() ~= nil
end

--- Put a text in at the cursor, and the cursor behind it.
---@param text string
function M.insert(text)
  local row, column = unpack(api.nvim_win_get_cursor(0))
  local lines = vim.split(text, '\n', { plain = true })
  api.nvim_buf_set_text(0, row - 1, column, row - 1, column, lines)
  api.nvim_win_set_cursor(0, { row - 1 + #lines, (#lines == 1 and column or 0) + #lines[#lines] })
end

--- Put the suggestion in, and tell the server that it was taken.
function M.accept()
  local text = rest()
  if not text or not shown then return end
  local item, client = shown.items[shown.index], vim.lsp.get_client_by_id(shown.client)
  forget()
  vim.cmd('let &undolevels = &undolevels') -- one undo takes out the suggestion and nothing that was typed
  M.insert(text)
  if item.command and client then client:exec_cmd(item.command, { bufnr = api.nvim_get_current_buf() }) end
end

--- Put the next word of what is left of a suggestion in at the cursor, and tell the server how much of it is taken now.
---@param client vim.lsp.Client?
---@param command lsp.Command? that of the item
---@param whole string the text of the item
---@param left string what of it is not in the buffer yet
function M.insert_word(client, command, whole, left)
  local word = left:match('^%s*[%w_\128-\255]+') or left:match('^%s*[^%w%s]+')
  if not word then return end
  M.insert(word)
  local facts = command and command.arguments and command.arguments[1]
  if not client or type(facts) ~= 'table' or not facts.id then return end
  local taken = whole:sub(1, #whole - #left + #word)
  client:notify('glosswright/feedback', {
    id = facts.id,
    event = 'partlyAccepted',
    acceptedLength = vim.str_utfindex(taken, 'utf-16'),
  })
end

--- Put its next word in; the rest stays.
function M.accept_word()
  local left = rest()
  if not left or not shown then return end
  local item = shown.items[shown.index]
  local whole = type(item.insertText) == 'table' and item.insertText.value or item.insertText
  M.insert_word(vim.lsp.get_client_by_id(shown.client), item.command, whole, left)
  draw()
end

local function move(by)
  if not shown then return end
  shown.index = (shown.index - 1 + by) % #shown.items + 1
  draw()
end

--- Show another candidate. The first time the server is asked for others beside the one that came by itself.
---@param by integer
function M.cycle(by)
  local client = shown and vim.lsp.get_client_by_id(shown.client)
  if not shown or not client then return end
  if #shown.items > 1 or shown.asked then return move(by) end
  ask(client, shown.buffer, INVOKED, function()
    if not shown then return end
    shown.asked = true
    move(by)
  end)
end

--- Take the suggestion away until the next key.
function M.dismiss()
  stop()
  forget()
end

return M
