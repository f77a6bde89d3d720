-- Argo CD's health check of an IntercomDestination. No standard library but the basic functions is
-- available where Argo CD runs it. Deletion is judged by Argo CD itself, before this is asked.

local status = obj.status or {}

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function is(type, value)
  return conditions[type] ~= nil and conditions[type].status == value
end

local function health(state, type, otherwise)
  local message = conditions[type] and conditions[type].message
  if message == nil or message == "" then
    message = otherwise
  end
  return {status = state, message = message}
end

if status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "Waiting for the operator to take up the spec; is it running?"}
end

if is("Ready", "True") and conditions["Ready"].reason == "Suspended" then
  return health("Suspended", "Ready", "The schedule is suspended")
end

-- Before the others: silence must be seen, whatever else goes on.
if is("Overdue", "True") then
  return health("Degraded", "Overdue", "The last due run has not succeeded")
end

if is("Stalled", "True") then
  return health("Degraded", "Stalled", "A person must act; see the conditions")
end

if is("Reconciling", "True") then
  return health("Progressing", "Reconciling", "A check is under way")
end

if not is("Ready", "True") then
  return health("Progressing", "Ready", "Waiting for the first check")
end

if is("Synced", "False") then
  return health("Degraded", "Synced", "The last run did not succeed")
end

return health("Healthy", "Synced", "Ready")
