"""The operator: from IntercomDestinations to CronJobs and Jobs, and their results back."""
