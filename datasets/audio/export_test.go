package audio

// Kept is the number of samples that an extractor remembers.
func (e *Extractor) Kept() int { return cap(e.buf) }
