--- `:checkhealth glosswright`

local M = {}

local health = vim.health

function M.check()
  local glosswright = require('glosswright')
  local options, said = glosswright.inspect()
  health.start('Glosswright')
  if vim.fn.has('nvim-0.12') == 1 then
    health.ok("Neovim's own ghost text is used")
  elseif vim.fn.has('nvim-0.11') == 1 then
    health.ok('Neovim 0.11: ghost text is drawn by this plugin')
  else
    health.error('Neovim 0.11 or later is needed')
    return
  end
  local program = options.cmd[1]
  if vim.fn.executable(program) == 1 then
    local done = vim.system({ program, '--version' }, { text = true, timeout = 10000 }):wait()
    if done.code == 0 then
      health.ok(vim.trim(done.stdout) .. ' at ' .. vim.fn.exepath(program))
    else
      health.error(program .. ' does not run: ' .. vim.trim(done.stderr or ''), { 'run it in a terminal' })
    end
  else
    health.error(program .. ' is not on the PATH', { 'give its full path: setup({ cmd = { "/path/to/glosswright" } })' })
  end
  if not vim.lsp.is_enabled or not vim.lsp.is_enabled('glosswright') then
    health.warn('the server is not enabled', { "call require('glosswright').setup()" })
  end
  local clients = vim.lsp.get_clients({ name = 'glosswright' })
  if #clients == 0 then
    health.info('no buffer is attached yet; it starts with a file of these types: ' .. table.concat(options.filetypes, ', '))
  end
  for _, client in ipairs(clients) do
    local buffers = vim.tbl_count(client.attached_buffers)
    health.ok(('attached to %d buffer(s), root %s'):format(buffers, client.root_dir or 'none'))
  end
  if said.state == 'error' then
    health.error(said.message or 'the model cannot be used', { 'run `glosswright doctor`' })
  elseif said.state then
    health.ok(('model %s: %s'):format(said.model or '?', said.state))
  end
end

return M
