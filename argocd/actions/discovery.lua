-- The actions that Argo CD offers on an IntercomDestination.

local suspended = obj.spec ~= nil and obj.spec.suspend == true

return {
  -- Also while suspended: that stops the schedule, not a person.
  ["sync-now"] = {
    ["iconClass"] = "fa fa-fw fa-play",
    ["displayName"] = "Sync now",
    ["disabled"] = false
  },
  ["check"] = {
    ["iconClass"] = "fa fa-fw fa-check",
    ["displayName"] = "Check the credentials",
    ["disabled"] = false
  },
  ["preview"] = {
    ["iconClass"] = "fa fa-fw fa-eye",
    ["displayName"] = "Preview (dry run)",
    ["disabled"] = false
  },
  ["suspend"] = {
    ["iconClass"] = "fa fa-fw fa-pause",
    ["displayName"] = "Suspend the schedule",
    ["disabled"] = suspended
  },
  ["resume"] = {
    ["iconClass"] = "fa fa-fw fa-redo",
    ["displayName"] = "Resume the schedule",
    ["disabled"] = not suspended
  }
}
