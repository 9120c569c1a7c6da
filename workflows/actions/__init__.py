"""Everything that changes a plan, an import, a task or a report: one module a noun."""
