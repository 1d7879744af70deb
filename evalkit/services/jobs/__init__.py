"""Work that a service does after it has answered: jobs that run, tasks that a person answers."""
