package main

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

	"github.com/unroll-go/unroll/datasets"
)

// The estimate counts the weights that a network really has.
func TestDemandCountsWeights(t *testing.T) {
	vocab, err := datasets.Labels([]string{"a", "b", "c", "d", "e"})
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range cells {
		for _, layers := range []int{1, 3} {
			c := config{Cell: cell, Layers: layers, Hidden: 7, Embed: 3, Seq: 4, Batch: 2, Optimizer: "adam", Vocabulary: datasets.Character}
			m, err := newModel(c, vocab)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.touch(); err != nil {
				t.Fatal(err)
			}
			if d := c.demand(size{5, 5, 1, true}); d.weights != float64(m.params.Elements()) || d.least != 16*d.weights || d.likely <= d.least {
				t.Errorf("%d x %s: %+v; the network has %d weights", layers, cell, d, m.params.Elements())
			}
			for _, oneWay := range []bool{false, true} {
				ways := 2
				if oneWay {
					ways = 1
				}
				k, err := newClassifier(classConfig{config: c, Pool: "max", OneWay: oneWay}, vocab, []string{"x", "y"})
				if err != nil {
					t.Fatal(err)
				}
				if err := k.touch(); err != nil {
					t.Fatal(err)
				}
				if d := c.demand(size{5, 2, ways, false}); d.weights != float64(k.params.Elements()) {
					t.Errorf("%d x %s, %d directions: %+v; the network has %d weights", layers, cell, ways, d, k.params.Elements())
				}
			}
		}
	}
}

func TestEnoughMemory(t *testing.T) {
	c := config{Cell: "lstm", Layers: 1, Hidden: 20000, Embed: 4, Seq: 10, Batch: 4, Optimizer: "adam"}
	huge := c
	huge.Hidden = math.MaxInt / 2
	deep := c
	deep.Hidden, deep.Layers = 8, math.MaxInt
	for _, s := range []struct {
		c            config
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
		var w bytes.Buffer
		err := s.c.enough(&w, size{28, 28, 1, true}, s.m)
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
			used := allocated(func() {
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
