"""What the application speaks of: reports, documents, deliveries, notices, receipts. Pure values and pure decisions."""
