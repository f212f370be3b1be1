// Command unroll-mpi is unroll train in several processes, on one machine or many, with the flags of unroll train:
//
//	mpirun -np 4 --map-by ppr:1:node --bind-to none unroll-mpi train --table reviews.csv --shards 4
package main

import (
	"os"
	"time"

	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/internal/command"
	"github.com/unroll-go/unroll/mpi"
	"github.com/unroll-go/unroll/nn/train"
)

func main() {
	var o mpi.Options
	var reduce bool
	var world *mpi.World
	ranks := command.Ranks{
		Name:  "unroll-mpi",
		Short: "Train a recurrent network in processes that mpirun, srun or Kubernetes starts: the bits of unroll train with as many shards",
		Flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.Library, "mpi-library", o.Library, "file of the MPI library; one that is found, unless given")
			f.DurationVar(&o.Timeout, "timeout", 25*time.Second, "how long to wait for a process before all are ended")
			f.BoolVar(&reduce, "all-reduce", reduce, "leave the sums of gradients to MPI: less is sent, and bits depend on the number of processes")
		},
		Join: func() (g train.Group, err error) {
			if world, err = mpi.Init(o); err != nil {
				return nil, err
			}
			if reduce {
				return world.Reducing(), nil
			}
			return world, nil
		},
		Leave: func(err error) error {
			if err != nil {
				world.Abort(err)
			}
			return world.Close()
		},
	}
	mpi.Exit(ranks.Main(os.Args[1:]))
}
