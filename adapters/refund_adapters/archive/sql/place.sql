-- Where the event at a position of the store stands in the order of the feed.
SELECT number FROM events WHERE position = ?
