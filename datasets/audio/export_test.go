package audio

// Kept is the number of samples that an extractor remembers.
func (e *Extractor) Kept() int { return cap(e.buf) }

// Taken is how many bytes a cache keeps, about.
func (c *Cache) Taken() int64 { return c.taken }
