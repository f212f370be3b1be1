package command

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// machineMemory reads what the system has, less what limits of a container (cgroup) or a shell (ulimit -v) leave.
func machineMemory() memory {
	m := memoryUnder("/")
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_AS, &limit) == nil && limit.Cur < 1<<62 {
		m = m.within(float64(limit.Cur), 0)
	}
	return m
}

// within is the memory under a limit of which some is used.
func (m memory) within(limit, used float64) memory {
	if m.all == 0 || limit < m.all {
		m.all = limit
	}
	if m.free == 0 || limit-used < m.free {
		m.free = max(limit-used, 1)
	}
	return m
}

// memoryUnder is machineMemory without the shell's limit, for a file system at a folder.
func memoryUnder(root string) memory {
	var m memory
	info := fields(filepath.Join(root, "proc/meminfo"))
	kib := func(name string) float64 {
		n, err := strconv.ParseFloat(strings.TrimSuffix(info[name], " kB"), 64)
		if err != nil {
			return 0
		}
		return n * 1024
	}
	m.all, m.free = kib("MemTotal")+kib("SwapTotal"), kib("MemAvailable")+kib("SwapFree")
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return m
	}
	for line := range strings.Lines(string(groups)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3) // hierarchy:controllers:path
		switch {
		case len(part) == 3 && part[0] == "0":
			m = m.inGroup(filepath.Join(root, "sys/fs/cgroup"), part[2], "memory.max", "memory.current")
		case len(part) == 3 && part[1] == "memory":
			m = m.inGroup(filepath.Join(root, "sys/fs/cgroup/memory"), part[2], "memory.limit_in_bytes", "memory.usage_in_bytes")
		}
	}
	return m
}

// inGroup heeds the limits of a control group and of those above it. Within a container, the path may be that of the
// machine outside, and only the topmost folder there.
func (m memory) inGroup(mount, path, limitFile, usedFile string) memory {
	for {
		number := func(name string) (float64, bool) {
			data, err := os.ReadFile(filepath.Join(mount, path, name))
			if err != nil {
				return 0, false
			}
			n, err := strconv.ParseFloat(strings.TrimSpace(string(data)), 64) // "max" is no number
			return n, err == nil
		}
		if limit, ok := number(limitFile); ok && limit < 1<<62 {
			used, _ := number(usedFile)
			m = m.within(limit, used)
		}
		if path == "/" || path == "." || path == "" {
			return m
		}
		path = filepath.Dir(path)
	}
}

// fields reads a file of lines "name: value".
func fields(path string) map[string]string {
	out := map[string]string{}
	data, err := os.ReadFile(path)
	if err != nil {
		return out
	}
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			out[name] = strings.TrimSpace(value)
		}
	}
	return out
}
