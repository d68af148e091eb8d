-- Run in a headless Neovim by neovim_test.py: open the folder, see a diagnostic, create, up, read the status.
-- Every wait has a limit; a failed one ends Neovim with exit code 1 and says what was missing.
local app, draft, server = unpack(vim.split(vim.env.DRAFT_SCENARIO, "|"))

local function fail(message)
  io.stderr:write(message .. "\n")
  vim.cmd("cquit 1")
end

local function wait(what, limit, condition)
  if not vim.wait(limit, condition, 50) then
    fail(what .. ": not within " .. limit / 1000 .. " s; status: " .. tostring(vim.g.draft_status))
  end
end

local function say(text)
  io.stdout:write(text .. "\n")
end

dofile(draft)
Draft.command = { server }
vim.cmd("cd " .. vim.fn.fnameescape(app))

local function clients()
  return (vim.lsp.get_clients or vim.lsp.get_active_clients)()
end

vim.cmd("edit requirements.txt")
wait("the server", 20000, function()
  return #clients() == 1 and clients()[1].server_capabilities ~= nil and vim.lsp.buf_is_attached(0, clients()[1].id)
end)
say("attached")

vim.cmd("DraftCreate")
wait("created files", 20000, function()
  return vim.fn.filereadable(app .. "/draft.toml") == 1 or vim.fn.bufloaded(app .. "/draft.toml") == 1
end)
vim.cmd("silent! wall")
wait("saved files", 10000, function()
  return vim.fn.getfsize(app .. "/draft.toml") > 0 and vim.fn.getfsize(app .. "/Dockerfile") > 0
end)
say("created")

vim.cmd("edit draft.toml")
local text = vim.fn.readfile(app .. "/draft.toml")
local broken = vim.tbl_map(function(line)
  return (line:gsub("watch = true", "watch = 7"))
end, text)
vim.api.nvim_buf_set_lines(0, 0, -1, false, broken)
wait("a diagnostic", 10000, function()
  return #vim.diagnostic.get(0, { severity = vim.diagnostic.severity.ERROR }) > 0
end)
say("diagnostic: " .. vim.diagnostic.get(0)[1].message:gsub("\n", " "))

local good = vim.tbl_map(function(line)
  return (line:gsub('"default"', '"' .. vim.env.DRAFT_NAMESPACE .. '"'))
end, text)
vim.api.nvim_buf_set_lines(0, 0, -1, false, good)
vim.cmd("write")
wait("no diagnostic", 10000, function()
  return #vim.diagnostic.get(0, { severity = vim.diagnostic.severity.ERROR }) == 0
end)

vim.cmd("DraftUp")
wait("live", 120000, function()
  return (vim.g.draft_status or ""):find("live http") ~= nil
end)
say("status: " .. vim.g.draft_status)
local log = vim.api.nvim_buf_get_lines(vim.fn.bufnr("draft://log"), 0, -1, false)
if #log < 3 then
  fail("the log buffer is empty")
end

local url = vim.g.draft_status:match("http%S+")
if not vim.fn.system({ "curl", "--silent", "--max-time", "5", url }):find("Hello") then
  fail("the page does not answer at " .. url)
end

vim.cmd("edit app.py")
vim.cmd([[%s/Hello, World!/Hello, Neovim!/]])
vim.cmd("write")
wait("the new text", 60000, function()
  return vim.fn.system({ "curl", "--silent", "--max-time", "2", url }):find("Hello, Neovim!") ~= nil
end)
say("redeployed")
vim.cmd("qall!")
