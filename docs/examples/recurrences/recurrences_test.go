package main

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every network takes a few steps of every task, and is judged; after a little recall it does better than at first.
func TestNetworks(t *testing.T) {
	e := effort{steps: 2, batch: 2, judged: 2, width: 16, rate: 2e-3}
	for i, n := range networks() {
		task := tasks()[i%len(tasks())]
		task.tests = task.tests[:1]
		right, err := newSolver(n, task, e, 1).solve()
		if err != nil || len(right) != 1 || !(right[0] >= 0 && right[0] <= 1) {
			t.Errorf("%s, %s: %v, %v", n.name, task.name, right, err)
		}
		if w, err := n.weights(16); err != nil || w < 1000 {
			t.Errorf("%s: %d weights, %v", n.name, w, err)
		}
	}
}

// The answers that a task asks for are right.
func TestTasks(t *testing.T) {
	for _, task := range tasks() {
		rng := rand.New(rand.NewPCG(1, 1))
		for _, size := range append(task.train, task.tests...) {
			if task.name == "selective copy" && size < 8 {
				continue
			}
			e := task.draw(rng, size)
			if len(e.input) != len(e.target) || len(e.answers()) == 0 {
				t.Fatalf("%s %d: %d steps, %d targets, %d answers", task.name, size, len(e.input), len(e.target), len(e.answers()))
			}
			for i, v := range e.input {
				if v < 0 || v >= task.tokens || e.target[i] < skip || e.target[i] >= task.tokens {
					t.Fatalf("%s %d: token %d, target %d of %d", task.name, size, v, e.target[i], task.tokens)
				}
			}
			if !solved(task.name, e) {
				t.Errorf("%s %d: %v\nasks for %v", task.name, size, e.input, e.target)
			}
		}
	}
}

// solved tells by another way whether the targets are what they should be.
func solved(name string, e example) bool {
	kept := map[int]int{}
	var seen []int
	ones, asked := 0, 0
	for i, v := range e.input {
		want := e.target[i]
		switch name {
		case "recall":
			if i%2 == 0 && want != skip && kept[v] != want {
				return false
			}
			if i%2 == 1 {
				kept[e.input[i-1]] = v
			}
		case "copy", "selective copy":
			if v < copySymbols && want == skip {
				seen = append(seen, v)
			} else if v < copySymbols && name == "selective copy" {
				seen = append(seen, v)
			}
			if i >= len(e.input)-6 && name == "selective copy" || i >= len(e.input)/2 && name == "copy" {
				if asked >= len(seen) || want != seen[asked] {
					return false
				}
				asked++
			}
		case "parity":
			ones += v
			if want != ones%2 {
				return false
			}
		default: // what comes next, where it is asked
			if want != skip && i+1 < len(e.input) && e.input[i+1] != want {
				return false
			}
		}
	}
	return true
}

// The picture in the documentation is that which the program draws.
func TestTree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tree.svg")
	if err := drawTree(path); err != nil {
		t.Fatal(err)
	}
	drawn, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := os.ReadFile(filepath.Join("..", "..", "images", "recurrences.svg"))
	if err != nil || !bytes.Equal(drawn, shown) {
		t.Errorf("docs/images/recurrences.svg is not what -part tree draws: %v", err)
	}
}

// A language is learned by a network and by its adapter.
func TestAdapt(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(text, bytes.Repeat([]byte("now is the winter of our discontent\n"), 900), 0o600); err != nil {
		t.Fatal(err)
	}
	e := effort{steps: 2, rate: 2e-3, text: text, tokens: "character", budget: 3000, ranks: []int{1}}
	if err := adapt(networks()[:1], e); err != nil {
		t.Error(err)
	}
	if err := language(networks()[:1], e); err != nil {
		t.Error(err)
	}
}

// Numbers that nothing can be done with are refused by name.
func TestEffortsThatCannotBe(t *testing.T) {
	fine := effort{steps: 1, batch: 1, judged: 1, width: 1, seeds: 1, budget: 1, rate: 1e-3, tokens: "word"}
	if err := fine.check(); err != nil {
		t.Error(err)
	}
	for want, set := range map[string]func(e *effort){
		"-batch 0;":       func(e *effort) { e.batch = 0 },
		"-judged -3;":     func(e *effort) { e.judged = -3 },
		"-rate NaN;":      func(e *effort) { e.rate = math.NaN() },
		`-tokens "byte";`: func(e *effort) { e.tokens = "byte" },
	} {
		e := fine
		set(&e)
		if err := e.check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("want an error that begins with %s, found %v", want, err)
		}
	}
}
