"""Django: migrations, the admin, inspectdb, flush."""
import django, os, sys
from django.conf import settings
settings.configure(DEBUG=False, SECRET_KEY='x', INSTALLED_APPS=['django.contrib.contenttypes','django.contrib.auth','django.contrib.sessions','django.contrib.admin','django.contrib.messages','django.contrib.postgres'],
 DATABASES={'default':{'ENGINE':'django.db.backends.postgresql','NAME':os.environ['PGDATABASE'],'USER':os.environ['PGUSER'],'HOST':os.environ['PGHOST'],'PORT':os.environ['PGPORT']}}, USE_TZ=True, DEFAULT_AUTO_FIELD='django.db.models.BigAutoField',
 TEMPLATES=[{'BACKEND':'django.template.backends.django.DjangoTemplates','APP_DIRS':True,'OPTIONS':{'context_processors':['django.contrib.auth.context_processors.auth','django.contrib.messages.context_processors.messages','django.template.context_processors.request']}}], MIDDLEWARE=['django.contrib.sessions.middleware.SessionMiddleware','django.contrib.auth.middleware.AuthenticationMiddleware','django.contrib.messages.middleware.MessageMiddleware'], ROOT_URLCONF=__name__, ALLOWED_HOSTS=['*'])
django.setup()
from django.urls import path
from django.contrib import admin
urlpatterns=[path('admin/', admin.site.urls)]
from django.core.management import call_command
call_command('migrate', verbosity=1)
call_command('migrate', verbosity=1)
from django.contrib.auth.models import User, Group, Permission
User.objects.filter(username='adm').delete()
u=User.objects.create_superuser('adm','a@b.c','pw')
g,_=Group.objects.get_or_create(name='g'); u.groups.add(g)
from django.db.models import Count, Q, F, Sum
print(User.objects.annotate(n=Count('groups')).filter(Q(n__gt=0)|Q(username__icontains='d')).order_by('-date_joined').values_list('username','n'))
print(Permission.objects.select_related('content_type').filter(content_type__app_label='auth').count(), User.objects.filter(date_joined__year__gt=2000).exists())
print(len(User.objects.dates('date_joined','month')), u.has_perm('auth.add_user'))
from django.test import Client
c=Client(); print(c.login(username='adm', password='pw'))
for url in ['/admin/','/admin/auth/user/','/admin/auth/user/?q=adm','/admin/auth/user/%d/change/'%u.id,'/admin/auth/group/add/']:
    print(url, c.get(url).status_code)
r=c.post('/admin/auth/group/add/',{'name':'newg','permissions':['1','2']}); print(r.status_code, Group.objects.get(name='newg').permissions.count()); Group.objects.filter(name='newg').delete()
call_command('inspectdb', 'auth_user')
call_command('flush', interactive=False, verbosity=0); print(User.objects.count())
