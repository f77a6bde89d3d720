-- Asks for one check of the credentials and attributes now: it writes nothing to Intercom.

local os = require("os")

if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["mogulsync.dev/check-requested-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")

return obj
