-- Starts the schedule again. Where Git says `suspend: true`, a self-healing Application undoes it.

obj.spec.suspend = false

return obj
