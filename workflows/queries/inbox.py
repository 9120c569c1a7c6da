"""What waits for a person: one list out of work items, tasks, receipts and drafts."""
