-- Stops the schedule. Where Git says `suspend: false`, a self-healing Application undoes it.

obj.spec.suspend = true

return obj
