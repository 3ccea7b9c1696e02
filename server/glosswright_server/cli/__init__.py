"""The subcommands of `glosswright`, one file each. Each is imported only when it is asked for."""
