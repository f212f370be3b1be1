package main

import (
	"slices"
	"strings"
	"testing"
)

const cpuinfo = `processor	: 0
vendor_id	: AuthenticAMD
model name	: AMD EPYC 9354
power management:
flags		: fpu sse2 fma avx avx2 avx512f

processor	: 1
model name	: another
flags		: none
`

func TestParseCPUInfo(t *testing.T) {
	model, flags := parseCPUInfo(cpuinfo)
	if model != "AMD EPYC 9354" || !slices.Equal(flags, []string{"fpu", "sse2", "fma", "avx", "avx2", "avx512f"}) {
		t.Errorf("found %q with %q", model, flags)
	}
	if s := (machine{model: model, flags: flags}).String(); !strings.HasPrefix(s, "AMD EPYC 9354 (avx avx2 fma avx512f), ") {
		t.Errorf("written as %q", s)
	}
	if model, flags := parseCPUInfo("nothing"); model != "" || flags != nil {
		t.Errorf("found %q with %q in nothing", model, flags)
	}
}

func TestPin(t *testing.T) {
	m := machine{cpus: allowedCPUs("Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t2-3,6\n"), pinnable: true}
	for threads, want := range map[int][]string{1: {"taskset", "-c", "2"}, 3: {"taskset", "-c", "2,3,6"}, 4: nil} {
		if got := m.pin(threads); !slices.Equal(got, want) {
			t.Errorf("%d threads: %q, want %q", threads, got, want)
		}
	}
	m.pinnable = false
	if got := m.pin(1); got != nil {
		t.Errorf("without taskset: %q", got)
	}
	if got := allowedCPUs("Cpus_allowed_list:\tall\n"); got != nil {
		t.Errorf("processors %v", got)
	}
}

func TestParseNumbers(t *testing.T) {
	got, err := parseNumbers("0-2,8")
	if err != nil || !slices.Equal(got, []int{0, 1, 2, 8}) {
		t.Errorf("found %v, %v", got, err)
	}
	for _, s := range []string{"", "a", "1,", "-1", "1-", "3-2", "1-999999999", "1.5"} {
		if got, err := parseNumbers(s); err == nil {
			t.Errorf("%q was read as %v", s, got)
		}
	}
}
