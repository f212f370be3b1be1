package command

import (
	"os"
	"path/filepath"
	"testing"
)

// Limits of containers, of both versions of control groups, seen from outside and from within.
func TestMemoryOfAContainer(t *testing.T) {
	const meminfo = "MemTotal:       8000 kB\nMemFree:  1 kB\nMemAvailable:   6000 kB\nSwapTotal:      2000 kB\nSwapFree:  1000 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  memory
	}{
		"no limit":        {map[string]string{}, memory{10000 * 1024, 7000 * 1024}},
		"nobody tells":    {map[string]string{"proc/meminfo": ""}, memory{}},
		"version 2":       {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "4096000\n", "sys/fs/cgroup/a/b/memory.current": "96000\n"}, memory{4096000, 4000000}},
		"of the parent":   {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/memory.max": "4096000\n"}, memory{4096000, 4096000}},
		"from within":     {map[string]string{"proc/self/cgroup": "0::/not/here\n", "sys/fs/cgroup/memory.max": "2048000\n"}, memory{2048000, 2048000}},
		"version 1":       {map[string]string{"proc/self/cgroup": "5:cpu:/\n4:memory:/a\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "1024000\n", "sys/fs/cgroup/memory/a/memory.usage_in_bytes": "24000\n"}, memory{1024000, 1000000}},
		"version 1, none": {map[string]string{"proc/self/cgroup": "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, memory{10000 * 1024, 7000 * 1024}},
	} {
		root := t.TempDir()
		if _, ok := c.files["proc/meminfo"]; !ok {
			c.files["proc/meminfo"] = meminfo
		}
		for path, text := range c.files {
			full := filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if found := memoryUnder(root); found != c.want {
			t.Errorf("%s: %+v; want %+v", name, found, c.want)
		}
	}
}
