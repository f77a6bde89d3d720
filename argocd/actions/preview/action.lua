-- Asks for one dry run now: it writes nothing to Intercom, and its report is status.lastPreview.

local os = require("os")

if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["mogulsync.dev/preview-requested-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")

return obj
