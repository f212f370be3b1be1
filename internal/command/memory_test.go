package command

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/recurrent/models"
)

func TestEnoughMemory(t *testing.T) {
	c := models.Config{Cell: "lstm", Layers: 1, Hidden: 20000, Embed: 4, Seq: 10, Batch: 4}
	huge := c
	huge.Hidden = math.MaxInt / 2
	deep := c
	deep.Hidden, deep.Layers = 8, math.MaxInt
	for _, s := range []struct {
		c            models.Config
		m            memory
		wants, warns string
	}{
		{c, memory{4e9, 3e9}, "a network of 1.60 G weights takes at least 25.6 GB to train with adam, and there are 4.00 GB in all (--hidden 20000,", ""},
		{c, memory{64e9, 3e9}, "", "training may take 25.6 GB; 3.00 GB are free"},
		{c, memory{64e9, 60e9}, "", ""},
		{c, memory{}, "", ""}, // nobody tells
		{huge, memory{}, fmt.Sprintf("is more than any machine can hold (--hidden %d,", math.MaxInt/2), ""},
		{deep, memory{4e9, 4e9}, "weights", ""},
	} {
		m, err := nonsense(s.c, 28)
		if err != nil {
			t.Fatal(err)
		}
		var w bytes.Buffer
		err = enough(&w, m, 28, s.m)
		if s.wants == "" && err != nil || s.wants != "" && (err == nil || !strings.Contains(err.Error(), s.wants)) {
			t.Errorf("%+v: %v; want %q", s.m, err, s.wants)
		}
		if !strings.Contains(w.String(), s.warns) || s.warns == "" && w.Len() > 0 {
			t.Errorf("%+v: %q; want %q", s.m, w.String(), s.warns)
		}
	}
}

// Sizes that no machine has are refused at once by every command that makes networks.
func TestHugeNetworksAreRefused(t *testing.T) {
	dir := t.TempDir()
	table := filepath.Join(dir, "r.csv")
	writeReviews(t, table)
	out, size := filepath.Join(dir, "x.safetensors"), strconv.Itoa(math.MaxInt/2)
	for _, flag := range []string{"--hidden", "--layers", "--embed"} {
		for _, args := range [][]string{small(writeText(t, dir), out), quick(table, out), {"bench"}} {
			var status int
			var errs string
			used := testutil.Allocated(func() {
				status, _, errs = capture(t, context.Background(), append(args, flag, size)...)
			})
			if status != 1 || !strings.Contains(errs, flag+" "+size) || strings.Count(errs, "\n") != 1 || used > 64<<20 {
				t.Errorf("%v %s: status %d, %d MiB\n%s", args, flag, status, used>>20, errs)
			}
		}
	}
	if exists(out) {
		t.Error("a refused run left a file")
	}
}

func TestMemoryOfThisMachine(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("unknown elsewhere")
	}
	if m := machineMemory(); m.all < 1e7 || m.free < 1e6 || m.free > m.all {
		t.Errorf("%+v", m)
	}
}
