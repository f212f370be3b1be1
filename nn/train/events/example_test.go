package events_test

import (
	"context"
	"fmt"
	"os"

	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/events"
)

// A run is written into a table, every eighth step, and into a folder for TensorBoard (tensorboard --logdir FOLDER), which
// gets the histograms of the weights at the end.
func Example() {
	folder, err := os.MkdirTemp("", "events")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	board, err := events.NewTensorBoard(folder)
	if err != nil {
		fmt.Println(err)
		return
	}
	table, err := events.NewCSV(os.Stdout, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	l := line(16, 1) // a run of 16 steps, which fits a line
	l.Observers = []train.Observer{events.Observer(8, board), onlyRates(table)}
	if _, err := l.Run(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(board.Weights(16, l.Loss.Params()), board.Close(), table.Flush())
	// Output:
	// step,name,value
	// 8,rate,0.01
	// 16,rate,0.01
	// <nil> <nil> <nil>
}

// onlyRates is an observer of one's own: it writes the rate of every eighth step.
func onlyRates(log events.Log) train.Observer {
	return train.Observer{OnStep: func(p train.Progress) error {
		if p.Step%8 != 0 {
			return nil
		}
		return log.Scalar("rate", p.Step, p.Rate)
	}}
}
