// Clocks that a test sets, preloaded into a daemon. x86-64 only.
//
// Programs read clocks through functions that the kernel lends every process (its vDSO), whichever library they use. The one
// that tells the time is replaced by one that adds what the file REELD_TEST_CLOCKS says: three int64 of nanoseconds, for the wall
// clock, the time since the boot with sleep, and that without. The file may change at any time.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offsets;

static long ask_kernel(long clock, struct timespec *time) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_clock_gettime), "D"(clock), "S"(time) : "rcx", "r11", "memory");
  return result;
}

static int tell(clockid_t clock, struct timespec *time) {
  long result = ask_kernel(clock, time);
  int which = clock == CLOCK_REALTIME ? 0 : clock == CLOCK_BOOTTIME ? 1 : clock == CLOCK_MONOTONIC ? 2 : -1;
  if (result == 0 && which >= 0) {
    int64_t sum = time->tv_sec * 1000000000LL + time->tv_nsec + offsets[which];
    time->tv_sec = sum / 1000000000LL;
    time->tv_nsec = sum % 1000000000LL;
  }
  return (int)result;
}

// The kernel allows it for the whole of it only.
static int make_writable(void) {
  char line[512];
  unsigned long start = 0, end = 0;
  FILE *maps = fopen("/proc/self/maps", "re");
  while (maps && fgets(line, sizeof line, maps))
    if (strstr(line, "[vdso]")) sscanf(line, "%lx-%lx", &start, &end);
  if (maps) fclose(maps);
  return end && mprotect((void *)start, end - start, PROT_READ | PROT_WRITE | PROT_EXEC) == 0;
}

__attribute__((constructor)) static void take_over(void) {
  const char *path = getenv("REELD_TEST_CLOCKS");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  offsets = mmap(NULL, 3 * sizeof *offsets, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  void *vdso = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
  char *original = vdso ? dlsym(vdso, "__vdso_clock_gettime") : NULL;
  if (offsets == MAP_FAILED || !original) _exit(99);
  // movabs rax, tell; jmp rax
  unsigned char jump[12] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};
  void *target = (void *)tell;
  memcpy(jump + 2, &target, sizeof target);
  if (!make_writable()) _exit(98);
  memcpy(original, jump, sizeof jump);
}
