--- Ghost text by Neovim's own `vim.lsp.inline_completion` (0.12 and later), under the names that `glosswright.ghost` has.

local M = {}

--- Show suggestions of a client in a buffer.
---@param client vim.lsp.Client
---@param buffer integer
function M.attach(client, buffer, _)
  vim.lsp.inline_completion.enable(true, { client_id = client.id })
  vim.b[buffer].glosswright_ghost = true
end

--- Whether a suggestion is on screen.
function M.visible()
  local namespace = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  return namespace ~= nil and #vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { limit = 1 }) > 0
end

--- What of an item is still to be put in at the cursor; nil when the text has moved on. Neovim shows an item on while the text is being typed along, but would put it in where it was made for.
local function rest(item)
  local text = type(item.insert_text) == 'string' and item.insert_text or item.insert_text.value
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local start_row, start_column = row - 1, column
  if item.range then start_row, start_column = item.range:to_extmark() end
  if start_row ~= row - 1 or start_column > column then return nil end
  local typed = vim.api.nvim_buf_get_text(0, row - 1, start_column, row - 1, column, {})[1]
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
    if item.command and client then client:exec_cmd(item.command, { bufnr = vim.api.nvim_get_current_buf() }) end
  end)
end

--- Put its next word in, and leave the rest to be suggested again.
function M.accept_word()
  take(function(text) require('glosswright.ghost').insert_word(text) end)
end

--- Show another candidate.
---@param by integer
function M.cycle(by)
  vim.lsp.inline_completion.select({ count = by })
end

--- Take the suggestion away until the next key.
function M.dismiss()
  local namespace = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  if namespace then vim.api.nvim_buf_clear_namespace(0, namespace, 0, -1) end
end

return M
