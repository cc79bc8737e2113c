"""Every read: permission, filters, search, paging, reports."""
