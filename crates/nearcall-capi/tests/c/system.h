/* What the test programs ask of the system: a nap, a program beside this one, a name that nobody serves. The same names
   on both systems; threads are POSIX's on Windows too, of which mingw has its own. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdlib.h>
#include <string.h>

#ifdef _WIN32

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <stdio.h>

#define NOWHERE "pipe:nearcall-nowhere-at-all"

#define HAS_FRAMES

typedef HANDLE Child;

static inline void nap(unsigned milliseconds) { Sleep(milliseconds); }

static inline int set_variable(const char *name, const char *value) { return _putenv_s(name, value); }

/* Whether somebody listens at "pipe:name". */
static inline int is_served(const char *address) {
    char pipe[256];
    snprintf(pipe, sizeof pipe, "\\\\.\\pipe\\%s", address + 5);
    return WaitNamedPipeA(pipe, 1) || GetLastError() != ERROR_FILE_NOT_FOUND;
}

/* Starts a program with two arguments, the second of which may be null; 0 where it cannot be started. */
static inline int start_program(const char *program, const char *first, const char *second, Child *child) {
    char line[1024];
    STARTUPINFOA how;
    PROCESS_INFORMATION started;
    memset(&how, 0, sizeof how);
    how.cb = sizeof how;
    snprintf(line, sizeof line, "\"%s\" \"%s\"%s%s", program, first, second ? " " : "", second ? second : "");
    if (!CreateProcessA(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &how, &started)) return 0;
    CloseHandle(started.hThread);
    *child = started.hProcess;
    return 1;
}

/* Ends a program at once and waits until it is gone; 0 where that fails. */
static inline int kill_program(Child child) {
    int gone = TerminateProcess(child, 1) && WaitForSingleObject(child, INFINITE) == WAIT_OBJECT_0;
    CloseHandle(child);
    return gone;
}

#else

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOWHERE "unix:/nowhere/at/all.sock"

#ifdef __linux__
#define HAS_FRAMES
#endif

typedef pid_t Child;

static inline void nap(unsigned milliseconds) {
    struct timespec time;
    time.tv_sec = milliseconds / 1000;
    time.tv_nsec = (long)(milliseconds % 1000) * 1000000;
    nanosleep(&time, NULL);
}

static inline int set_variable(const char *name, const char *value) { return setenv(name, value, 1); }

/* Whether there is a socket at "unix:/path". */
static inline int is_served(const char *address) { return access(address + 5, F_OK) == 0; }

/* Starts a program with two arguments, the second of which may be null; 0 where it cannot be started. */
static inline int start_program(const char *program, const char *first, const char *second, Child *child) {
    *child = fork();
    if (*child == 0) {
        execl(program, program, first, second, (char *)NULL);
        _exit(127);
    }
    return *child > 0;
}

/* Ends a program at once and waits until it is gone; 0 where that fails. */
static inline int kill_program(Child child) { return kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child; }

#endif

#endif
