#include "report.h"
int plot_results(const struct results *results, const char *directory, struct message *why){(void)results;(void)directory;(void)why;return 0;}
