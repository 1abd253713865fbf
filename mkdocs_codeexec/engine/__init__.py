"""What answers samples, for one process and without a page: plan, look up, execute, judge."""
