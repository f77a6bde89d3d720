-- Asks for one run now: the operator starts one Job for each new value of the annotation.

local os = require("os")

if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["mogulsync.dev/sync-requested-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")

return obj
