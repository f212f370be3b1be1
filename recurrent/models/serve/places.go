package serve

import "context"

// places are for what takes much memory: one for each processor. Who finds none waits.
type places chan struct{}

func newPlaces() places { return make(places, workers()) }

// enter takes a place, or gives up with the context.
func (p places) enter(ctx context.Context) error {
	select {
	case p <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p places) leave() { <-p }
