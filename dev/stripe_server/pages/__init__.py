"""What people see: checkout, portal, invoices, receipts, and the stand-in's own page. No money moves on any of them."""
