--- Ghost text by Neovim's own `vim.lsp.inline_completion` (0.12 and later), under the names that `glosswright.ghost` has.

local M = {}

local api = vim.api
local METHOD = 'textDocument/inlineCompletion'
local INVOKED = 1 -- InlineCompletionTriggerKind of LSP 3.18

---@type table<integer, integer> Buffer → the state of its text for which others were asked for.
local asked = {}
---@type table<integer, boolean> Clients that ask for nothing in a snippet.
local guarded = {}

--- Have a client ask for no suggestions while a snippet's placeholders are filled in, of which Neovim takes no heed.
local function keep_out_of_snippets(client)
  if guarded[client.id] then return end
  guarded[client.id] = true
  local request = client.request
  client.request = function(self, method, ...)
    if method == METHOD and vim.snippet.active() then return false end
    return request(self, method, ...)
  end
end

--- Show suggestions of a client in a buffer.
---@param client vim.lsp.Client
---@param buffer integer
function M.attach(client, buffer, _)
  keep_out_of_snippets(client)
  vim.lsp.inline_completion.enable(true, { client_id = client.id })
  api.nvim_create_autocmd('CursorMovedI', {
    group = api.nvim_create_augroup('glosswright.builtin.' .. buffer, { clear = true }),
    buffer = buffer,
    callback = function()
      if vim.snippet.active() then M.dismiss() end
    end,
  })
end

--- Whether a suggestion is on screen.
function M.visible()
  local namespace = api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  return namespace ~= nil and #api.nvim_buf_get_extmarks(0, namespace, 0, -1, { limit = 1 }) > 0
end

local function text_of(item)
  return type(item.insert_text) == 'string' and item.insert_text or item.insert_text.value
end

--- What of an item is still to be put in at the cursor; nil when the text has moved on. Neovim shows an item on while the
--- text is being typed along, but would put it in where it was made for.
local function rest(item)
  local text = text_of(item)
  local row, column = unpack(api.nvim_win_get_cursor(0))
  local start_row, start_column = row - 1, column
  if item.range then start_row, start_column = item.range:to_extmark() end
  if start_row ~= row - 1 or start_column > column then return nil end
  local typed = api.nvim_buf_get_text(0, row - 1, start_column, row - 1, column, {})[1]
  if vim.startswith(text, typed) then return text:sub(#typed + 1) end
end

local function take(put_in)
  vim.lsp.inline_completion.get({
    on_accept = function(item)
      local text = rest(item)
      if text then put_in(text, item) end
    end,
  })
end

--- Put the suggestion in, and tell the server that it was taken.
function M.accept()
  take(function(text, item)
    vim.cmd('let &undolevels = &undolevels') -- one undo takes out the suggestion and nothing that was typed
    require('glosswright.ghost').insert(text)
    local client = vim.lsp.get_client_by_id(item.client_id)
    if item.command and client then client:exec_cmd(item.command, { bufnr = api.nvim_get_current_buf() }) end
  end)
end

--- Put its next word in, and leave the rest to be suggested again.
function M.accept_word()
  take(function(left, item)
    local client = vim.lsp.get_client_by_id(item.client_id)
    require('glosswright.ghost').insert_word(client, item.command, text_of(item), left)
  end)
end

--- Show another candidate. The first time at a place the server is asked for others beside the one that came by itself:
--- it remembers them, and gives all to the request that Neovim then makes of its own.
---@param by integer
function M.cycle(by)
  local buffer = api.nvim_get_current_buf()
  local tick = api.nvim_buf_get_changedtick(buffer)
  local client = require('glosswright').client(buffer)
  if not client or asked[buffer] == tick then return vim.lsp.inline_completion.select({ count = by }) end
  asked[buffer] = tick
  local function is_there_still()
    return api.nvim_get_current_buf() == buffer and api.nvim_buf_get_changedtick(buffer) == tick and M.visible()
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = INVOKED }
  client:request(METHOD, params, function()
    if not is_there_still() then return end
    api.nvim_create_autocmd('LspRequest', {
      buffer = buffer,
      callback = function(event)
        local request = event.data.request
        if request.type ~= 'complete' or request.method ~= METHOD then return end
        -- Neovim takes the answer after this.
        vim.schedule(function()
          if is_there_still() then vim.lsp.inline_completion.select({ count = by }) end
        end)
        return true
      end,
    })
    api.nvim_exec_autocmds('CursorMovedI', { buffer = buffer, modeline = false })
  end, buffer)
end

--- Take the suggestion away until the next key.
function M.dismiss()
  local namespace = api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  if namespace then api.nvim_buf_clear_namespace(0, namespace, 0, -1) end
end

return M
