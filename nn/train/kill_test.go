//go:build unix

package train_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/nn/train"
)

// killedFile names the checkpoint to a test process that is there to be killed, killedSteps the number of steps after which it
// waits for that: so that it is not over, however late the kill comes.
const (
	killedFile  = "UNROLL_TEST_KILLED_CHECKPOINT"
	killedSteps = "UNROLL_TEST_KILLED_STEPS"
)

// TestKilledProcess is such a process: it trains, from the checkpoint if there is one, and tells each step.
func TestKilledProcess(t *testing.T) {
	path := os.Getenv(killedFile)
	if path == "" {
		t.Skip("the process that the other tests kill")
	}
	l := newKilledLoop(t, path)
	if saved, err := train.ReadCheckpoint(path); err == nil {
		if err := l.Resume(saved); err != nil {
			t.Fatal(err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	left, err := strconv.Atoi(os.Getenv(killedSteps))
	if err != nil {
		t.Fatal(err)
	}
	onStep(l, func(train.Progress) {
		fmt.Println("step")
		if left--; left == 0 {
			_, _ = io.Copy(io.Discard, os.Stdin) // ends where the other end does
			os.Exit(1)
		}
	})
	if _, err := l.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// newKilledLoop saves after every step, so that kills often fall into the writing of a checkpoint.
func newKilledLoop(t *testing.T, path string) *train.Loop {
	l := newLoop(t, path)
	l.Saving.Every, l.Epochs, l.Validation.KeepBest = 1, 8, true // 264 steps: 20 kills come after 12 steps each, at most
	return l
}

// killAfter starts a training process and kills it (SIGKILL) the given time after it has told so many steps, in which it makes at
// most four more. It returns false if the process came to its end before that.
func killAfter(t *testing.T, path string, steps int, wait time.Duration) bool {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
	c.Env = append(os.Environ(), killedFile+"="+path, fmt.Sprintf("%s=%d", killedSteps, steps+4))
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var output, errs bytes.Buffer // another goroutine writes errs, until Wait returns
	c.Stderr = &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for told := 0; told < steps && lines.Scan(); {
		if lines.Text() == "step" {
			told++
		} else {
			fmt.Fprintln(&output, lines.Text())
		}
	}
	time.Sleep(wait)
	c.Process.Kill()
	for lines.Scan() { // to the end of the pipe, which Wait closes
		fmt.Fprintln(&output, lines.Text())
	}
	err = c.Wait()
	if exit, ok := err.(*exec.ExitError); ok && exit.Exited() {
		t.Fatalf("the process failed by itself: %v\n%s%s", err, &output, &errs)
	}
	return err != nil
}

// Killed at 20 moments and started again each time, a run ends in the bytes of one that was left alone.
func TestKilledAndResumedIsBitForBit(t *testing.T) {
	dir := t.TempDir()
	alone, path := filepath.Join(dir, "alone"), filepath.Join(dir, "killed")
	run(t, newKilledLoop(t, alone))
	rng := rand.New(rand.NewPCG(1, 20))
	for i := range 20 {
		if !killAfter(t, path, 1+rng.IntN(8), time.Duration(rng.IntN(2000))*time.Microsecond) {
			t.Fatalf("the run was over before kill %d", i+1)
		}
	}
	c, err := train.ReadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	last := newKilledLoop(t, path)
	if err := last.Resume(c); err != nil {
		t.Fatal(err)
	}
	if last.Finished() {
		t.Fatal("nothing was left to resume")
	}
	run(t, last)
	if !bytes.Equal(testutil.Read(t, alone), testutil.Read(t, path)) {
		t.Error("the killed run ends elsewhere")
	}
}

// However a process dies while it writes checkpoints, the file under their name is a whole one.
func TestKilledWhileSaving(t *testing.T) {
	kills := 100
	if testing.Short() {
		kills = 10
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "killed")
	rng := rand.New(rand.NewPCG(2, 100))
	done, hits := 0, 0
	// A kill falls into the writing by chance: there are more of them until one does.
	for try := 0; (done < kills || hits == 0) && try < 50*kills; try++ {
		if !killAfter(t, path, 1+rng.IntN(3), time.Duration(rng.IntN(1000))*time.Microsecond) {
			os.Remove(path) // it had come to its end: once more from the beginning
			continue
		}
		if _, err := os.Stat(path); os.IsNotExist(err) {
			continue // killed before the first checkpoint
		}
		done++
		if _, err := train.ReadCheckpoint(path); err != nil {
			t.Fatalf("kill %d left a file that does not load: %v", done, err)
		}
		left, err := filepath.Glob(filepath.Join(dir, ".killed.*"))
		if err != nil {
			t.Fatal(err)
		}
		hits += len(left) // a temporary file: the kill fell into the writing
		for _, name := range left {
			os.Remove(name)
		}
	}
	t.Logf("%d of %d kills fell into the writing of a checkpoint", hits, done)
	if done < kills || hits == 0 {
		t.Errorf("%d kills, %d of them into the writing of a checkpoint; want %d at least and some", done, hits, kills)
	}
}
