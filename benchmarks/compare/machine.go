package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// machine is what the measurements run on.
type machine struct {
	model    string   // of the processor
	flags    []string // its instructions, as Linux names them
	system   string
	cpus     []int // processors to pin to
	pinnable bool  // taskset is there
}

// telling are the flags worth a word in the report.
var telling = []string{"avx", "avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_tile", "asimd", "sve"}

// thisMachine reads what Linux tells; elsewhere little is known. cpus overrides what the process is allowed to use.
func thisMachine(cpus []int) machine {
	m := machine{system: runtime.GOOS + "/" + runtime.GOARCH, cpus: cpus}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		m.model, m.flags = parseCPUInfo(string(info))
	}
	if status, err := os.ReadFile("/proc/self/status"); err == nil && len(cpus) == 0 {
		m.cpus = allowedCPUs(string(status))
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.system += ", Linux " + strings.TrimSpace(string(release))
	}
	_, err := exec.LookPath("taskset")
	m.pinnable = err == nil
	return m
}

func (m machine) has(flag string) bool { return slices.Contains(m.flags, flag) }

// pin is the command that keeps a program of so many threads on as many processors; nil if that cannot be done.
func (m machine) pin(threads int) []string {
	if !m.pinnable || len(m.cpus) < threads {
		return nil
	}
	var list []string
	for _, c := range m.cpus[:threads] {
		list = append(list, strconv.Itoa(c))
	}
	return []string{"taskset", "-c", strings.Join(list, ",")}
}

// String is the processor with the instructions that matter.
func (m machine) String() string {
	model := m.model
	if model == "" {
		model = "unknown processor"
	}
	var have []string
	for _, f := range telling {
		if m.has(f) {
			have = append(have, f)
		}
	}
	return fmt.Sprintf("%s (%s), %d processors, %s", model, strings.Join(have, " "), runtime.NumCPU(), m.system)
}

// parseCPUInfo reads the first processor of /proc/cpuinfo.
func parseCPUInfo(text string) (model string, flags []string) {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			if model != "" || flags != nil {
				break
			}
			continue
		}
		switch strings.TrimSpace(key) {
		case "model name":
			model = strings.TrimSpace(value)
		case "flags", "Features":
			flags = strings.Fields(value)
		}
	}
	return model, flags
}

// allowedCPUs reads the processors that a process may run on from its /proc status.
func allowedCPUs(status string) []int {
	for line := range strings.Lines(status) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			cpus, err := parseNumbers(strings.TrimSpace(list))
			if err != nil {
				return nil
			}
			return cpus
		}
	}
	return nil
}

// parseNumbers reads numbers from 0 up and ranges of them, such as 0-3,8.
func parseNumbers(s string) (numbers []int, err error) {
	const most = 4096
	for part := range strings.SplitSeq(s, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		a, err := strconv.Atoi(low)
		if err != nil {
			return nil, fmt.Errorf("want numbers like 0-3,8, found %q", s)
		}
		b, err := strconv.Atoi(high)
		if err != nil || a < 0 || b < a || b > most {
			return nil, fmt.Errorf("want numbers like 0-3,8, found %q", s)
		}
		for i := a; i <= b; i++ {
			numbers = append(numbers, i)
		}
	}
	return numbers, nil
}
