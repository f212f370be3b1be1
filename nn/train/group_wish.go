package train

import (
	"context"
	"slices"

	"github.com/pkg/errors"
)

// wish has all processes end a run at the same step: err is why this one wants to, a context's error or ErrStop, or nil. It
// returns the wish of the first process that has one. Other errors end this process alone, and with it the group.
func (l *Loop) wish(err error) error {
	g := l.Parallel.group()
	if g == nil {
		return err
	}
	wishes := []error{nil, ErrStop, context.Canceled, context.DeadlineExceeded}
	own := slices.IndexFunc(wishes, func(w error) bool { return errors.Is(err, w) })
	if own < 0 { // an observer's own error
		return err
	}
	all, one := make([]byte, g.Size()), slices.Repeat([]int{1}, g.Size())
	if err := g.AllGather([]byte{byte(own)}, all, one); err != nil {
		return errors.Wrap(err, "train")
	}
	for rank, theirs := range all {
		switch {
		case theirs == 0 || int(theirs) >= len(wishes):
		case rank == g.Rank():
			return err
		default:
			return errors.Wrap(wishes[theirs], g.Name(rank))
		}
	}
	return nil
}
