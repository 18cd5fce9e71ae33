// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "plot/plot.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "plot/figures.h"

extern char **environ;

static const struct figure figures[] = {
	{ "", "", draw_overview },
	{ "write.8", "WRITE 8 B", draw_latency },
	{ "read.8", "READ 8 B", draw_latency },
	{ "send.8", "SEND 8 B", draw_latency },
	{ "fetch-add.8", "FETCH_ADD 8 B", draw_latency },
	{ "write.256k", "WRITE 256 KiB", draw_latency },
	{ "read.256k", "READ 256 KiB", draw_latency },
	{ "send.256k", "SEND 256 KiB", draw_latency },
	{ "write.2m", "WRITE 2 MiB", draw_latency },
	{ "read.2m", "READ 2 MiB", draw_latency },
	{ "send.2m", "SEND 2 MiB", draw_latency },
	{ "write", "WRITE", draw_sizes },
	{ "read", "READ", draw_sizes },
	{ "send", "SEND", draw_sizes },
	{ "dontneed", "MADV_DONTNEED", draw_invalidations },
	{ "munmap", "munmap()", draw_invalidations },
	{ "register", "ibv_reg_mr() and ibv_dereg_mr()", draw_registrations },
	{ "growth", "How costs grow", draw_growth },
};

/* Returns 1 when there is a script, 0 when there is nothing to draw, or a negative errno. */
static int write_script(const struct results *results, const char *directory,
			const struct figure *figure, char *file, size_t size)
{
	char path[4096];
	FILE *script;
	bool drawn, good;

	if (figure->draw == draw_overview || figure->draw == draw_growth)
		snprintf(file, size, "%s.gp", figure->cases[0] ? figure->cases : "overview");
	else
		snprintf(file, size, "%s-%s.gp", figure->draw == draw_latency ? "latency" : "cost",
			 figure->cases);
	if (snprintf(path, sizeof(path), "%s/%s", directory, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	script = fopen(path, "we");
	if (!script)
		return -errno;
	fputs("# Written by odplat; \"gnuplot FILE\" draws it again.\n", script);
	drawn = figure->draw(script, results, figure);
	good = !ferror(script);
	good &= fclose(script) == 0;
	if (!good)
		return -EIO;
	if (!drawn)
		remove(path);
	return drawn;
}

static int run_gnuplot(const char *directory, const char *file)
{
	char *const arguments[] = { "gnuplot", (char *)file, NULL };
	posix_spawn_file_actions_t actions;
	int err, status;
	pid_t child;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, directory);
	err = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err)
		return -err;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return -ENOENT;
	return status ? -EIO : 0;
}

int plot_results(const struct results *results, const char *directory, struct message *why)
{
	bool missing = false;

	if (mkdir(directory, 0777) && errno != EEXIST) {
		snprintf(why->text, sizeof(why->text), "%.120s cannot be made: %s", directory,
			 errno_name(errno));
		return -errno;
	}
	for (size_t f = 0; f < sizeof(figures) / sizeof(figures[0]); f++) {
		char file[64];
		int err = write_script(results, directory, &figures[f], file, sizeof(file));

		if (err < 0) {
			snprintf(why->text, sizeof(why->text), "%.120s/%s cannot be written: %s",
				 directory, file, errno_name(-err));
			return err;
		}
		if (!err || missing)
			continue;
		err = run_gnuplot(directory, file);
		if (err == -ENOENT) {
			missing = true;
		} else if (err) {
			snprintf(why->text, sizeof(why->text), "gnuplot failed on %.120s/%s",
				 directory, file);
			return err;
		}
	}
	if (missing)
		fprintf(stderr,
			"odplat: gnuplot is not there, so the pictures were not drawn: install gnuplot-nox, then "
			"\"cd %s; gnuplot *.gp\"\n",
			directory);
	return 0;
}
