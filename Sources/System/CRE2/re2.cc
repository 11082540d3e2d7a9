void pillion_re2_placeholder(void){}
